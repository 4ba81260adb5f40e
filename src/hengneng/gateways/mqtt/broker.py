"""The connection to a broker: a session that it keeps while we are away, and acknowledgements of ours only when due.

A broker forgets a message of QoS 1 when it gets our PUBACK, which the client beneath would send as soon as a message
has been read. aiomqtt 2.5.1 has no switch for that; the client of the Eclipse project beneath it has (``manual_ack``),
and :class:`Line` reaches for it there, as for publishing without waiting. Nothing else here touches that client.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hengneng.gateways.mqtt.limits import limit
from hengneng.gateways.mqtt.messages import STATUS
from hengneng.gateways.mqtt.presence import OFFLINE, ONLINE
from hengneng.problems import Problem, RefusedError

PORT, TLS_PORT = 1883, 8883
_SUCCESS = 0


@dataclass(frozen=True)
class Broker:
    """Where the broker is, and who we are to it. ``old``: MQTT 3.1.1 instead of 5."""

    host: str
    port: int
    client: str
    prefix: str
    old: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None

    @property
    def status(self) -> str:
        """The topic on which the bridge says whether it is there."""
        return f"{self.prefix}/{STATUS}"


def address_of_broker(written: str, tls: bool) -> tuple[str, int]:
    """Host and port of HOST, HOST:PORT or [ADDRESS]:PORT. RefusedError G301."""
    host, colon, port = written.rpartition(":")
    if not colon or written.endswith("]"):
        host, port = written, str(TLS_PORT if tls else PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 1 << 16:
        raise RefusedError(Problem("G301", "--broker", {"found": written}))
    return host, int(port)


def tls_context(authority: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """TLS with the authorities of the system or of a file, perhaps a certificate of our own. RefusedError G313."""
    try:
        context = ssl.create_default_context(cafile=authority)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        values = {"found": str(error)}
        raise RefusedError(Problem("G313", "--ca, --certificate, --key", values)) from None
    return context


def new_client(broker: Broker) -> aiomqtt.Client:
    """A client for one connection; what an earlier one had not acknowledged, the broker sends again."""
    same: dict[str, Any] = {
        "hostname": broker.host,
        "port": broker.port,
        "username": broker.user or None,
        "password": broker.password or None,
        "identifier": broker.client,
        "will": aiomqtt.Will(broker.status, OFFLINE, qos=1, retain=True),
        "keepalive": limit("seconds_between_signs_of_life"),
        "tls_context": broker.tls,
        # Acknowledgements are small: the system would hold each back until the one before has arrived.
        "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        "max_queued_outgoing_messages": 2 * limit("messages_waiting"),
    }
    if broker.old:
        client = aiomqtt.Client(**same, protocol=aiomqtt.ProtocolVersion.V311, clean_session=False)
    else:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = limit("seconds_of_session")
        properties.ReceiveMaximum = limit("messages_waiting")
        client = aiomqtt.Client(
            **same, protocol=aiomqtt.ProtocolVersion.V5, clean_start=False, properties=properties
        )
    client._client.manual_ack_set(True)
    return client


class Line:
    """What is said to the broker over one connection."""

    def __init__(self, client: aiomqtt.Client, broker: Broker) -> None:
        self._client, self._broker = client, broker

    async def begin(self) -> None:
        """Ask for the messages of all devices, and say that the bridge is there."""
        for kind in ("readings", STATUS):
            await self._client.subscribe(f"{self._broker.prefix}/+/+/{kind}", qos=1)
        await self._client.publish(self._broker.status, ONLINE, qos=1, retain=True)

    async def end(self) -> None:
        """Say that the bridge goes; the broker says it in our name when we cannot."""
        await self._client.publish(self._broker.status, OFFLINE, qos=1, retain=True)

    def say(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 without waiting. MqttError when the broker does not keep up or has gone."""
        said = self._client._client.publish(topic, payload, qos=1)
        if said.rc != _SUCCESS:
            raise aiomqtt.MqttCodeError(said.rc, "Could not publish")

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Let the broker forget a message. The order of messages is to be kept (MQTT 5, 4.6)."""
        if message.qos:
            self._client._client.ack(message.mid, message.qos)
