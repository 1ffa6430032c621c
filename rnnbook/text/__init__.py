"""Between text and numbers: vocabularies, counting, decoding, spans and the quality of samples."""
