"""Clients that want to stop a service, and what honest users feel meanwhile: see
`tests/faults/README.md`."""
