#!/usr/bin/python3
"""A server that is far away: delay.py PORT MILLISECONDS

Prints the port that it listens on, and passes all bytes of connections on to
PORT and back, half of so many milliseconds later in each direction; a
connection takes a round trip to come about.  Bandwidth is not limited.
"""
import asyncio
import sys

PIECE = 256 * 1024
QUEUE = 256

server_port, delay = int(sys.argv[1]), int(sys.argv[2]) / 2000


async def fill(reader, queue):
    """Takes bytes with the time at which they arrive at the other side."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            data = await reader.read(PIECE)
        except ConnectionError:
            data = b''
        await queue.put((loop.time() + delay, data))
        if not data:
            return


async def empty(queue, writer):
    """Passes on what is due."""
    loop = asyncio.get_running_loop()
    while True:
        due, data = await queue.get()
        wait = due - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        if not data:
            writer.close()
            return
        writer.write(data)
        await writer.drain()


async def serve(reader, writer):
    await asyncio.sleep(2 * delay)
    server_reader, server_writer = await asyncio.open_connection('127.0.0.1', server_port)
    up, down = asyncio.Queue(QUEUE), asyncio.Queue(QUEUE)
    await asyncio.gather(fill(reader, up), empty(up, server_writer),
                         fill(server_reader, down), empty(down, writer), return_exceptions=True)


async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
