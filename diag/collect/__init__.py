"""Living clusters: one pass over the API server, and a `Part` as any file gives.

`kube` is the only module that opens a connection. `discovery` says what is served, `plan` what to list and where,
`listing` reads one kind page by page, `logs` offers container logs, and `collect` puts them together.
"""
