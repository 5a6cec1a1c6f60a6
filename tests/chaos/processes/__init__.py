"""The bridge in processes of its own, which die and whose calls fail, beside an embedded AWS and the simulators."""
