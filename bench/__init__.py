"""How fast the bridge is, each number beside its floor: `make bench`, docs/performance.md."""
