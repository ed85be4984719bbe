"""What stands between the network and the answers: refusals, headers, logs, numbers, the server."""
