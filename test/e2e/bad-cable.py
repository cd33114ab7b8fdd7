"""A cable between two interfaces, s1 and b0, that loses and delays frames: netem without the kernel's module.

It makes both interfaces where it is started, says so, and forwards as long as it runs; they may be moved to other
namespaces meanwhile. Arguments: the share of frames lost, the share delayed, and a seed.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP_NO_PI = 0x1002
DELAY_SECONDS = 0.004

lost, delayed = float(sys.argv[1]), float(sys.argv[2])
chance = random.Random(int(sys.argv[3]))


def tap(name):
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP_NO_PI))
    return end


def put(end, frame):
    try:
        os.write(end, frame)
    except OSError:
        pass  # The interface is down: a cable that is not plugged in.


ends = [tap("s1"), tap("b0")]
print("ready", flush=True)
late = []
count = 0
while True:
    wait = max(0, late[0][0] - time.monotonic()) if late else None
    readable = select.select(ends, [], [], wait)[0]
    while late and late[0][0] <= time.monotonic():
        _, _, end, frame = heapq.heappop(late)
        put(end, frame)
    for end in readable:
        try:
            frame = os.read(end, 65536)
        except OSError:
            continue
        other = ends[1 - ends.index(end)]
        # Only UDP of IPv4; ARP that is lost would only make the test slow.
        fate = chance.random() if frame[12:14] == b"\x08\x00" and frame[23] == 17 else 1
        if fate < lost:
            continue
        if fate < lost + delayed:
            count += 1
            heapq.heappush(late, (time.monotonic() + DELAY_SECONDS, count, other, frame))
        else:
            put(other, frame)
