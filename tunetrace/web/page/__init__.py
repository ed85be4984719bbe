"""The page for musicians: what a browser is sent. It needs no other host and no build step."""
