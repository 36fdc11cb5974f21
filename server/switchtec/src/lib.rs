//! MRPC over Ethernet: packet codec, command types, asynchronous client.
