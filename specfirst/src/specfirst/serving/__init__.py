"""Serve an application: HTTP/1.1 connections with limits, graceful shutdown, and several worker processes."""
