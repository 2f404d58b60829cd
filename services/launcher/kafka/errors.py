"""The errors of starting Kafka on this machine. Every message gives a remedy.

::

    LocalKafkaError
    ├── RecipeMissing     deploy/kafka is not there
    ├── JavaMissing       no Java 17 or newer
    ├── MavenMissing      no jars yet, and no Maven to copy them
    ├── JarsNotCopied     Maven failed
    ├── ClusterDiffers    the folder holds a cluster of another size
    ├── LockMissing       a certificate or key of a cluster with locks is not there
    ├── PortTaken         another program listens on a node's port
    └── NodeDidNotStart   a node ended, or did not answer in time
"""

from typing import ClassVar

from services.launcher.errors import Refusal


class LocalKafkaError(Refusal):
    """The local Kafka cannot do what was asked."""

    slug: ClassVar[str] = "local-kafka"


class RecipeMissing(LocalKafkaError):
    """`deploy/kafka` is not beside this package: it was installed without its source tree."""

    slug = "kafka-recipe-missing"


class JavaMissing(LocalKafkaError):
    """No Java 17 or newer was found."""

    slug = "java-missing"


class MavenMissing(LocalKafkaError):
    """The jars are not there yet, and Maven, which copies them, is not either."""

    slug = "maven-missing"


class JarsNotCopied(LocalKafkaError):
    """Maven failed; the message ends with its output."""

    slug = "kafka-jars-not-copied"


class ClusterDiffers(LocalKafkaError):
    """The folder holds a cluster of another size."""

    slug = "kafka-cluster-differs"


class LockMissing(LocalKafkaError):
    """A certificate or key of a cluster with locks is not there."""

    slug = "kafka-lock-missing"


class PortTaken(LocalKafkaError):
    """Another program listens where a node of this folder must."""

    slug = "kafka-port-taken"


class NodeDidNotStart(LocalKafkaError):
    """A node ended, or did not answer in time; the message ends with the tail of its logs."""

    slug = "kafka-did-not-start"
