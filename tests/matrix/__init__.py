"""Who may do what: every route of the running platform, asked by everyone.

- `expected/*.toml` says who gets through each route, and what the others of the same role are answered. It is written
  to be read. A route that is in no table fails the test.
- `callers` are the people and machines who ask; `world` has what they ask about: two centres, two providers and a
  guided person of each; `asks` says how each route is asked so that only the caller's rights decide.
- What a caller may not see is in no answer, refused requests and reading change no row of any store.

The test is `test_matrix.py`. To add a route: put it into the table of its service, and, if it takes a body or its
path names something new, into `asks`.
"""
