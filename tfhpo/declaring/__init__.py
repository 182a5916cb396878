"""What code that declares ready parameters shares: their roles, their scopes, their names."""

from tfhpo.declaring.declarer import Declarer
from tfhpo.declaring.roles import Role

__all__ = ["Declarer", "Role"]
