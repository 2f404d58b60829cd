"""`deploy/kafka/start`: a local cluster in the foreground, until Ctrl-C or SIGTERM."""

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from services.launcher.kafka.cluster import ApacheKafka
from services.launcher.kafka.errors import LocalKafkaError
from services.launcher.kafka.locks import Locks


class _Stopped(BaseException):
    """SIGTERM or Ctrl-C arrived."""


def main() -> int:
    """Returns the exit code: 0 when stopped by a signal, 1 when it could not start or its nodes ended by themselves."""
    parser = argparse.ArgumentParser(
        prog="deploy/kafka/start", description="Démarrer Apache Kafka sur cette machine, sans Docker."
    )
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="Nombre de nœuds. Par défaut : 1.")
    parser.add_argument("--dir", type=Path, required=True, help="Dossier du cluster : données, journaux, ports.")
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        help="Port du premier nœud. Par défaut, un port libre, choisi une fois par dossier.",
    )
    parser.add_argument(
        "--locks",
        type=Path,
        help="Dossier avec ca.pem, admin.pem et admin-key.pem : le cluster demande alors TLS, un compte et des droits.",
    )
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        with ApacheKafka() as kafka:
            locks = Locks.in_folder(options.locks) if options.locks else None
            print(f"bootstrap: {kafka.start(options.nodes, options.dir, options.port, locks)}", flush=True)
            if locks is not None:
                print(f"admin: {kafka.admin}", flush=True)
            _watch(kafka)
            print("Plus aucun nœud ne tourne.", file=sys.stderr)
            return 1
    except LocalKafkaError as error:
        print(f"{error.slug} : {error}", file=sys.stderr)
        return 1
    except _Stopped:
        return 0


def _watch(kafka: ApacheKafka) -> None:
    known = kafka.alive
    while known:
        time.sleep(0.5)
        alive = kafka.alive
        for node in set(known) - set(alive):
            print(f"Le nœud {node} s’est arrêté.", file=sys.stderr)
        known = alive


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the stopping
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


if __name__ == "__main__":
    sys.exit(main())
