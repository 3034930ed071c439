"""Calls of gRPC's own Python client (C core) to the service of test/support/grpc-echo.ts: one JSON line a case.

Usage: client.py PORT
"""
import json
import sys

import grpc

PATH = "/test.Echo/"
MIB = 1 << 20
LARGE = [("grpc.max_receive_message_length", 64 * MIB), ("grpc.max_send_message_length", 64 * MIB)]


def main(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=LARGE) as channel:
        for case in (unary, failing, denied, large, client_stream, server_stream, conversation, cancelled, deadline):
            print(json.dumps({"case": case.__name__, **case(channel)}), flush=True)


def unary(channel):
    call = channel.unary_unary(PATH + "Unary")
    reply, done = call.with_call(b"hello", metadata=[("asked-bin", bytes([1, 0, 254]))])
    head = dict(done.initial_metadata())
    tail = dict(done.trailing_metadata())
    return {"reply": reply.decode(), "head": list(head["head-bin"]), "tail": list(tail["tail-bin"])}


def failing(channel):
    return error_of(lambda: channel.unary_unary(PATH + "Fail")(b""))


def denied(channel):
    return error_of(lambda: channel.unary_unary(PATH + "None")(b""))


def large(channel):
    message = bytes([7]) * (5 * MIB)
    return {"same": channel.unary_unary(PATH + "Unary")(message) == message}


def client_stream(channel):
    parts = [bytes([i]) * 20_000 for i in range(50)]
    return {"same": channel.stream_unary(PATH + "Collect")(iter(parts)) == b"".join(parts)}


def server_stream(channel):
    sizes = [len(one) for one in channel.unary_stream(PATH + "Spread")(b"200x30000")]
    return {"messages": len(sizes), "bytes": sum(sizes)}


def conversation(channel):
    words = [b"one", b"two", b"three"]
    return {"words": [word.decode() for word in channel.stream_stream(PATH + "Chat")(iter(words))]}


def cancelled(channel):
    call = channel.unary_stream(PATH + "Hang")(b"")
    first = next(iter(call))
    call.cancel()
    return {"first": first.decode(), "code": call.code().value[0]}


def deadline(channel):
    error = error_of(lambda: list(channel.unary_stream(PATH + "Hang")(b"", timeout=2)))
    return {"code": error["code"]}


def error_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return {"code": error.code().value[0], "details": error.details()}
    return {"code": 0}


main(sys.argv[1])
