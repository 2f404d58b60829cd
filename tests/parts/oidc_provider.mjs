// npm `oidc-provider` as a process of its own: `node oidc_provider.mjs CONFIG.json`. Its development pages ask for any
// login and password, and for consent. CONFIG: port, issuer, modules, clients, accounts (claims by login), jwks, resource.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const entry = createRequire(`${config.modules}/x.js`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(entry).href);

const provider = new Provider(config.issuer, {
  clients: config.clients,
  jwks: { keys: config.jwks },
  cookies: { keys: ['a key of the test'] },
  claims: { openid: ['sub'], profile: ['name'], email: ['email'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'email', 'groups'],
  conformIdTokenClaims: config.conform,
  pkce: { required: () => true },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...config.accounts[id] }) }),
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    // Access tokens as signed JWTs, which someone could pass off as ID tokens.
    resourceIndicators: {
      enabled: !config.conform,
      defaultResource: () => config.resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'openid', audience: config.audience, accessTokenFormat: 'jwt' }),
    },
  },
});
provider.listen(config.port, '127.0.0.1');
