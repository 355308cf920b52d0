-- Words in braces are the dialect's. Released files are never edited. `checksum`: see tables.hpp.
CREATE TABLE meta (name {TEXT} NOT NULL PRIMARY KEY, value {TEXT} NOT NULL, checksum {INTEGER} NOT NULL){CLUSTERED};

CREATE TABLE suite (id {INTEGER} NOT NULL PRIMARY KEY, name {TEXT} NOT NULL UNIQUE, checksum {INTEGER} NOT NULL){TABLE};

CREATE TABLE test (
  suite {INTEGER} NOT NULL, name {TEXT} NOT NULL, id {INTEGER} NOT NULL, listed {INTEGER} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, name)){CLUSTERED};
CREATE UNIQUE INDEX test_by_id ON test (suite, id);

CREATE TABLE outcome (
  suite {INTEGER} NOT NULL, dictionary_key {BYTES} NOT NULL, id {INTEGER} NOT NULL,
  expected {TEXT} NOT NULL, actual {TEXT} NOT NULL, attributes {TEXT}, in_detail {INTEGER} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, dictionary_key)){CLUSTERED};
CREATE UNIQUE INDEX outcome_by_id ON outcome (suite, id);

CREATE TABLE configuration (
  suite {INTEGER} NOT NULL, canonical {TEXT} NOT NULL, id {INTEGER} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, canonical)){CLUSTERED};
CREATE UNIQUE INDEX configuration_by_id ON configuration (suite, id);

CREATE TABLE timeline_key (
  suite {INTEGER} NOT NULL, branch {TEXT} NOT NULL, configuration {INTEGER} NOT NULL, id {INTEGER} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, branch, configuration)){CLUSTERED};
CREATE UNIQUE INDEX timeline_key_by_id ON timeline_key (suite, id);

CREATE TABLE timeline (
  suite {INTEGER} NOT NULL, id {INTEGER} NOT NULL, branch {TEXT} NOT NULL, configuration {INTEGER} NOT NULL,
  order_key {INTEGER} NOT NULL, version {INTEGER} NOT NULL, runs {INTEGER} NOT NULL,
  first_position {INTEGER} NOT NULL, last_position {INTEGER} NOT NULL, last_received {INTEGER} NOT NULL,
  next_serial {INTEGER} NOT NULL, state {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, id)){CLUSTERED};

CREATE TABLE run (
  suite {INTEGER} NOT NULL, timeline {INTEGER} NOT NULL, serial {INTEGER} NOT NULL,
  position {INTEGER} NOT NULL, started {INTEGER} NOT NULL, variant {TEXT} NOT NULL, id {TEXT} NOT NULL,
  received {INTEGER} NOT NULL, state {INTEGER} NOT NULL, lease_until {INTEGER}, test_set {INTEGER} NOT NULL,
  covered {INTEGER} NOT NULL, lost {INTEGER} NOT NULL, counters {BYTES} NOT NULL, digest {BYTES} NOT NULL,
  header {TEXT} NOT NULL, indexed {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, timeline, serial)){CLUSTERED};
CREATE UNIQUE INDEX run_by_position ON run (suite, timeline, position, started, variant);
CREATE UNIQUE INDEX run_by_id ON run (suite, id);
-- Each in the whole order of a query, or filtered pages would be sorted out of all runs.
CREATE INDEX run_by_place ON run (suite, position, started, variant, timeline);
CREATE INDEX run_by_start ON run (suite, started, position, variant, timeline);
CREATE INDEX run_by_receipt ON run (suite, received, timeline, serial);

CREATE TABLE run_attribute (
  suite {INTEGER} NOT NULL, name {TEXT} NOT NULL, value {TEXT} NOT NULL, timeline {INTEGER} NOT NULL, serial {INTEGER} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, name, value, timeline, serial)){CLUSTERED};

CREATE TABLE run_outcomes (
  suite {INTEGER} NOT NULL, timeline {INTEGER} NOT NULL, serial {INTEGER} NOT NULL, blob {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, timeline, serial)){CLUSTERED};

-- Large blobs: rows of their own beside the index waste less of a page than rows in the index.
CREATE TABLE run_durations (
  suite {INTEGER} NOT NULL, timeline {INTEGER} NOT NULL, chunk {INTEGER} NOT NULL, serial {INTEGER} NOT NULL, blob {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, timeline, chunk, serial)){TABLE};
CREATE TABLE duration_tile (
  suite {INTEGER} NOT NULL, timeline {INTEGER} NOT NULL, block {INTEGER} NOT NULL, level {INTEGER} NOT NULL, tile {INTEGER} NOT NULL,
  blob {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, timeline, block, level, tile)){TABLE};

CREATE TABLE test_set (
  suite {INTEGER} NOT NULL, timeline {INTEGER} NOT NULL, id {INTEGER} NOT NULL, base {INTEGER} NOT NULL, blob {BYTES} NOT NULL,
  hash {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, timeline, id)){CLUSTERED};

CREATE TABLE change_point (
  suite {INTEGER} NOT NULL, test {INTEGER} NOT NULL, timeline {INTEGER} NOT NULL, position {INTEGER} NOT NULL,
  started {INTEGER} NOT NULL, variant {TEXT} NOT NULL, outcome {INTEGER} NOT NULL,
  PRIMARY KEY (suite, test, timeline, position, started, variant)){CLUSTERED};

CREATE TABLE detail (
  suite {INTEGER} NOT NULL, timeline {INTEGER} NOT NULL, serial {INTEGER} NOT NULL, test {INTEGER} NOT NULL, blob {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (suite, timeline, serial, test)){TABLE};

CREATE TABLE repository (name {TEXT} NOT NULL PRIMARY KEY, version {INTEGER} NOT NULL, body {TEXT} NOT NULL, checksum {INTEGER} NOT NULL){CLUSTERED};

CREATE TABLE repository_commit (
  repository {TEXT} NOT NULL, branch {TEXT} NOT NULL, position {INTEGER} NOT NULL, id {TEXT} NOT NULL,
  hash {TEXT} NOT NULL, revision {INTEGER} NOT NULL, identifier {TEXT} NOT NULL, reported {INTEGER}, place {INTEGER} NOT NULL,
  author {TEXT} NOT NULL, emails {BYTES} NOT NULL, message {TEXT} NOT NULL, parents {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (repository, branch, position, id)){CLUSTERED};
CREATE INDEX commit_by_position ON repository_commit (repository, position, branch, id);
CREATE INDEX commit_by_hash ON repository_commit (repository, hash);
CREATE INDEX commit_by_revision ON repository_commit (repository, revision);
CREATE INDEX commit_by_identifier ON repository_commit (repository, identifier);

CREATE TABLE document (
  collection {TEXT} NOT NULL, name {TEXT} NOT NULL, version {INTEGER} NOT NULL, body {TEXT} NOT NULL,
  attributes {BYTES} NOT NULL, secondary {BYTES} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (collection, name)){CLUSTERED};
CREATE TABLE document_attribute (
  collection {TEXT} NOT NULL, name {TEXT} NOT NULL, value {TEXT} NOT NULL, document {TEXT} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (collection, name, value, document)){CLUSTERED};
CREATE TABLE document_unique (
  collection {TEXT} NOT NULL, name {TEXT} NOT NULL, value {TEXT} NOT NULL, document {TEXT} NOT NULL, checksum {INTEGER} NOT NULL,
  PRIMARY KEY (collection, name, value)){CLUSTERED};
