"""A local stand-in for the Facebook Graph API: Pages, posts and tokens in memory, and faults on request.

It knows text and link posts. Where Facebook's behaviour is uncertain it takes the stricter reading, so that a client
which works here has met at least what Facebook does. Start it with `python -m graph_sandbox`, or from a test with
`graph_sandbox.server.SandboxServer`; script it through `graph_sandbox.control.SandboxControl`.
"""
