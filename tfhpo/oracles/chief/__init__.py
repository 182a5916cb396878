"""A chief and its workers, by KerasTuner's environment variables and over its gRPC service.

The service is KerasTuner's; what it lacks travels beside its messages, as metadata of each call:
who speaks, and that a worker leaves. A message without metrics is a sign of life.
"""

from tfhpo.oracles.chief.client import ChiefClient
from tfhpo.oracles.chief.server import serve

__all__ = ["ChiefClient", "serve"]
