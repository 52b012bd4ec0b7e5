"""The only place that imports the client library; maps its types and errors to ours."""
