"""From any audio file to sound: decoding, what headers claim, tags, fingerprints."""
