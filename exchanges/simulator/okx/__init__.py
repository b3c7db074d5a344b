"""The wire of OKX spot (v5): REST. Its streams are not spoken."""
