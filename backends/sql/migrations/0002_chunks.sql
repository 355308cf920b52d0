-- Large bytes beside documents: rows of their own, as blobs waste less of a page there than in an index.
CREATE TABLE document_chunk (
  collection {TEXT} NOT NULL, name {TEXT} NOT NULL, chunk {INTEGER} NOT NULL, bytes {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (collection, name, chunk)){TABLE};
