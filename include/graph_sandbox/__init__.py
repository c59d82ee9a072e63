"""A local stand-in for the Facebook Graph API: Pages, what they publish, and tokens in memory, and faults on request.

It knows texts, links, photos and albums, videos (whole, in chunks, by address and by handle), comments and native
schedules. The hosts graph and graph-video are this one server. Of big videos it keeps only size and checksum. Where
Facebook's behaviour is uncertain it takes the stricter reading, so that a client which works here has met at least what
Facebook does. Start it with `python -m graph_sandbox`, or from a test with `graph_sandbox.server.SandboxServer`; script
it through `graph_sandbox.control.SandboxControl`.
"""
