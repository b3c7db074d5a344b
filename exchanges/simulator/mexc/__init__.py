"""The wire of MEXC spot (v3): REST. Its streams (protobuf) are not spoken."""
