-- Only for engines whose index entries are smaller than the longest name: see index_entries.hpp, which spells
-- the same expressions. Rows stay as they are.
SET LOCAL statement_timeout = 0;

ALTER TABLE suite DROP CONSTRAINT suite_name_key;
CREATE UNIQUE INDEX suite_by_name ON suite (
  left(name, 150), (CASE WHEN length(name) > 150 THEN sha256(CAST(replace(name, '\', '\\') AS BYTEA)) ELSE '' END));
ALTER TABLE test DROP CONSTRAINT test_pkey;
CREATE UNIQUE INDEX test_by_name ON test (
  suite,
  left(name, 150), (CASE WHEN length(name) > 150 THEN sha256(CAST(replace(name, '\', '\\') AS BYTEA)) ELSE '' END));
ALTER TABLE configuration DROP CONSTRAINT configuration_pkey;
CREATE UNIQUE INDEX configuration_by_key ON configuration (
  suite,
  left(canonical, 150), (CASE WHEN length(canonical) > 150 THEN sha256(CAST(replace(canonical, '\', '\\') AS BYTEA)) ELSE '' END));
ALTER TABLE timeline_key DROP CONSTRAINT timeline_key_pkey;
CREATE UNIQUE INDEX timeline_key_by_key ON timeline_key (
  suite,
  left(branch, 150), (CASE WHEN length(branch) > 150 THEN sha256(CAST(replace(branch, '\', '\\') AS BYTEA)) ELSE '' END),
  configuration);
ALTER TABLE document DROP CONSTRAINT document_pkey;
CREATE UNIQUE INDEX document_by_name ON document (
  left(collection, 150), (CASE WHEN length(collection) > 150 THEN sha256(CAST(replace(collection, '\', '\\') AS BYTEA)) ELSE '' END),
  left(name, 150), (CASE WHEN length(name) > 150 THEN sha256(CAST(replace(name, '\', '\\') AS BYTEA)) ELSE '' END));
ALTER TABLE document_attribute DROP CONSTRAINT document_attribute_pkey;
CREATE UNIQUE INDEX document_attribute_by_value ON document_attribute (
  left(collection, 150), (CASE WHEN length(collection) > 150 THEN sha256(CAST(replace(collection, '\', '\\') AS BYTEA)) ELSE '' END),
  left(name, 150), (CASE WHEN length(name) > 150 THEN sha256(CAST(replace(name, '\', '\\') AS BYTEA)) ELSE '' END),
  left(value, 150), (CASE WHEN length(value) > 150 THEN sha256(CAST(replace(value, '\', '\\') AS BYTEA)) ELSE '' END),
  left(document, 150), (CASE WHEN length(document) > 150 THEN sha256(CAST(replace(document, '\', '\\') AS BYTEA)) ELSE '' END));
ALTER TABLE document_unique DROP CONSTRAINT document_unique_pkey;
CREATE UNIQUE INDEX document_unique_by_value ON document_unique (
  left(collection, 150), (CASE WHEN length(collection) > 150 THEN sha256(CAST(replace(collection, '\', '\\') AS BYTEA)) ELSE '' END),
  left(name, 150), (CASE WHEN length(name) > 150 THEN sha256(CAST(replace(name, '\', '\\') AS BYTEA)) ELSE '' END),
  left(value, 150), (CASE WHEN length(value) > 150 THEN sha256(CAST(replace(value, '\', '\\') AS BYTEA)) ELSE '' END));
ALTER TABLE document_chunk DROP CONSTRAINT document_chunk_pkey;
CREATE UNIQUE INDEX document_chunk_by_name ON document_chunk (
  left(collection, 150), (CASE WHEN length(collection) > 150 THEN sha256(CAST(replace(collection, '\', '\\') AS BYTEA)) ELSE '' END),
  left(name, 150), (CASE WHEN length(name) > 150 THEN sha256(CAST(replace(name, '\', '\\') AS BYTEA)) ELSE '' END),
  chunk);
