"""Execute a contract on FastAPI: matching, security, parameters, bodies, responses, errors and the mock."""
