"""Image patches and the exchange of channels for pixels."""

from __future__ import annotations
