"""Java, and the jars that `deploy/kafka/pom.xml` names. Maven copies them once, and again when the manifest changes."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from services.launcher.kafka.errors import JarsNotCopied, JavaMissing, MavenMissing, RecipeMissing

RECIPE = Path(__file__).resolve().parents[3] / "deploy" / "kafka"
"""Where pom.xml, log4j2.yaml and libs/ are: in the source tree, not in the wheel."""

_OLDEST_JAVA = 17  # Kafka 4 brokers refuse anything older
_INSTALL = "Sous Debian et Ubuntu : apt-get install {}"


def java() -> str:
    """The `java` to run: that of JAVA_HOME, else the one on the PATH. Raises `JavaMissing`."""
    home = os.environ.get("JAVA_HOME")
    candidate = str(Path(home) / "bin" / "java") if home else "java"
    found = shutil.which(candidate)
    how = _INSTALL.format("openjdk-17-jre-headless")
    if found is None:
        raise JavaMissing(f"Apache Kafka demande Java {_OLDEST_JAVA} ou plus récent. Introuvable : {candidate}. {how}")
    output = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', output)
    if version is None or int(version[1]) < _OLDEST_JAVA:
        words = output.splitlines()[0] if output else "aucune"
        raise JavaMissing(
            f"Apache Kafka demande Java {_OLDEST_JAVA} ou plus récent. Version trouvée : {words} ({found}). {how}"
        )
    return found


def jars() -> Path:
    """The folder of jars, complete. The first call copies them (10 s, 54 MB); callers in other processes wait for it.

    Raises `RecipeMissing`, `MavenMissing` or `JarsNotCopied`.
    """
    manifest = RECIPE / "pom.xml"
    if not manifest.exists():
        raise RecipeMissing(
            f"Fichier introuvable : {manifest}. Lancez la commande depuis les sources, ou donnez "
            "l’adresse d’un Kafka : --kafka HÔTE:PORT."
        )
    libs = RECIPE / "libs"
    libs.mkdir(exist_ok=True)
    # The stamp is written last and names the manifest: half a copy, or one of another version, is never used.
    stamp, wanted = libs / "copied-from", hashlib.sha256(manifest.read_bytes()).hexdigest()
    with process_lock(libs / "lock"):
        if not (stamp.exists() and stamp.read_text() == wanted):
            stamp.unlink(missing_ok=True)
            for jar in libs.glob("*.jar"):
                jar.unlink()
            _copy(libs)
            stamp.write_text(wanted)
    return libs


def jars_exist() -> bool:
    """Whether `jars()` would have nothing to copy; starts nothing."""
    return (RECIPE / "libs" / "copied-from").exists()


def kafka_version() -> str:
    """The Kafka version pinned in the manifest."""
    found = re.search(r"<kafka\.version>(.+?)<", (RECIPE / "pom.xml").read_text())
    return found[1] if found else "?"


def _copy(libs: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        how = _INSTALL.format("maven")
        raise MavenMissing(
            f"Apache Kafka n’est pas encore dans {libs}, et « mvn » est introuvable pour l’y copier. {how}"
        )
    command = [maven, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={libs}"]
    done = subprocess.run(command, cwd=RECIPE, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        output = (done.stdout + done.stderr).strip()[-2000:]
        raise JarsNotCopied(
            f"La copie d’Apache Kafka a échoué (code {done.returncode}). Vérifiez la connexion à "
            f"Internet, puis relancez {' '.join(command)} dans {RECIPE} :\n{output}"
        )


@contextmanager
def process_lock(path: Path) -> Generator[None]:
    """One process at a time; the others wait."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # freed by the system, also after a kill -9
        yield
