"""知困 (zhikun): an open platform for social assistance."""
