"""A WebSocket client that shakes hands and then reads nothing."""

import asyncio
import base64
import os
import socket
from urllib.parse import urlsplit


async def silent_client(url: str) -> socket.socket:
    """Connected to the detections of the gateway at `url`, with little room for what it does not read."""
    parts = urlsplit(url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, (parts.hostname, parts.port))
    key = base64.b64encode(os.urandom(16)).decode()
    await loop.sock_sendall(
        client,
        f"GET /api/realtime/ws?kinds=detections HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode(),
    )
    assert b"101" in await loop.sock_recv(client, 512)
    return client
