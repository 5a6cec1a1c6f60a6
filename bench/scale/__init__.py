"""Past one machine, by simulation: `python -m bench.scale`. docs/scale.md has what came of it."""
