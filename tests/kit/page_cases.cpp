// Pages of all four queries that have them: every size, with writers in between, with wrong tokens.
#include <algorithm>
#include <set>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(page_cases)

namespace {

using Order = RunQuery::Order;

constexpr std::uint32_t kRows = 23;

/// A number with two digits, so that byte order is the order of numbers.
std::string digits(std::uint32_t number) {
  return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

/// One of the queries with pages, on rows 0 to 99 of which the even ones up to 2 * kRows exist at first.
class Source {
 public:
  virtual ~Source() = default;
  /// Rows to put and to delete, in one batch.
  virtual void write(const std::vector<std::uint32_t>& puts, const std::vector<std::uint32_t>& deletes) = 0;
  struct Numbers {
    std::vector<std::uint32_t> rows;
    std::string next;
  };
  virtual Result<Numbers> find(const Paging& paging) = 0;
  /// The same kind of query with another condition.
  virtual Result<Numbers> find_other(const Paging& paging) = 0;

 protected:
  template <class Row, class NumberOf>
  static Result<Numbers> numbers(Result<Page<Row>> page, NumberOf number_of) {
    if (!page) return page.error();
    Numbers found{{}, page->next};
    for (const Row& row : page->rows) found.rows.push_back(static_cast<std::uint32_t>(number_of(row)));
    return found;
  }
};

class RunSource : public Source {
 public:
  RunSource(Storage& storage, Order order, bool ascending)
      : storage_(storage), writer_(storage, "suite"), query_{.suite = "suite"} {
    timelines_ = {writer_.timeline("a"), writer_.timeline("b"), writer_.timeline("c")};
    query_.order = order;
    query_.ascending = ascending;
  }
  void write(const std::vector<std::uint32_t>& puts, const std::vector<std::uint32_t>& deletes) override {
    SuiteBatch batch = writer_.batch();
    for (const std::uint32_t number : puts) batch.put_runs.push_back(row(number));
    for (const std::uint32_t number : deletes) batch.delete_runs.push_back(row(number).ref());
    expect_ok(writer_.apply(batch));
  }
  Result<Numbers> find(const Paging& paging) override { return find(query_, paging); }
  Result<Numbers> find_other(const Paging& paging) override {
    RunQuery other = query_;
    other.ascending = !other.ascending;
    return find(other, paging);
  }

 private:
  Result<Numbers> find(const RunQuery& query, const Paging& paging) {
    return numbers(storage_.find_runs(query, paging), [&](const RunRow& row) {
      const auto number = row.serial - 1;
      return query.ascending ? number : 99 - number;
    });
  }
  /// Number `n` stands at place `n` of each order; neighbours tie in its first members. Descending queries
  /// count from the other end.
  RunRow row(std::uint32_t number) const {
    const std::uint32_t place = query_.ascending ? number : 99 - number;
    RunRow run = make_run(timelines_[place % 3], place + 1, place / 12);
    run.started = at(place / 12);
    run.variant = digits(place / 3);
    run.received = at(place / 3);
    return run;
  }

  Storage& storage_;
  SuiteWriter writer_;
  RunQuery query_;
  std::vector<TimelineId> timelines_;
};

class TestSource : public Source {
 public:
  explicit TestSource(Storage& storage) : storage_(storage), writer_(storage, "suite") { writer_.timeline(); }
  /// Tests are never deleted.
  void write(const std::vector<std::uint32_t>& puts, const std::vector<std::uint32_t>&) override {
    SuiteBatch batch = writer_.batch();
    for (const std::uint32_t number : puts) batch.listed_tests.push_back(writer_.test('t' + digits(number)));
    expect_ok(writer_.apply(batch));
  }
  Result<Numbers> find(const Paging& paging) override { return find({.suite = "suite"}, paging); }
  Result<Numbers> find_other(const Paging& paging) override {
    return find({.suite = "suite", .contains = "t"}, paging);
  }

 private:
  Result<Numbers> find(const TestQuery& query, const Paging& paging) {
    return numbers(storage_.find_tests(query, paging),
                   [](const TestRow& row) { return std::stoul(row.name.substr(1)); });
  }
  Storage& storage_;
  SuiteWriter writer_;
};

class CommitSource : public Source {
 public:
  CommitSource(Storage& storage, bool ascending)
      : storage_(storage), query_{.repository = "repo", .ascending = ascending} {}
  void write(const std::vector<std::uint32_t>& puts, const std::vector<std::uint32_t>& deletes) override {
    RepositoryBatch batch = repository_batch("repo", ++version_);
    for (const std::uint32_t number : puts) batch.put_commits.push_back(row(number));
    for (const std::uint32_t number : deletes) {
      const CommitRow gone = row(number);
      batch.delete_commits.push_back({gone.branch, *gone.position, gone.id()});
    }
    expect_ok(storage_.apply(batch));
  }
  Result<Numbers> find(const Paging& paging) override { return find(query_, paging); }
  Result<Numbers> find_other(const Paging& paging) override {
    CommitQuery other = query_;
    other.text = "0";
    return find(other, paging);
  }

 private:
  Result<Numbers> find(const CommitQuery& query, const Paging& paging) {
    return numbers(storage_.find_commits(query, paging), [&](const CommitRow& row) {
      const auto place = static_cast<std::uint32_t>(std::stoul(row.hash));
      return query_.ascending ? place : 99 - place;
    });
  }
  CommitRow row(std::uint32_t number) const {
    const std::uint32_t place = query_.ascending ? number : 99 - number;
    return make_commit("b" + std::to_string(place / 4 % 3), place / 12, digits(place));
  }
  Storage& storage_;
  CommitQuery query_;
  std::uint64_t version_ = 0;
};

class DocumentSource : public Source {
 public:
  DocumentSource(Storage& storage, bool descending)
      : storage_(storage), query_{.collection = "docs", .descending = descending} {}
  void write(const std::vector<std::uint32_t>& puts, const std::vector<std::uint32_t>& deletes) override {
    DocumentBatch batch{.collection = "docs"};
    for (const std::uint32_t number : puts) batch.puts.push_back(put_document(key(number)));
    for (const std::uint32_t number : deletes) batch.deletes.push_back({key(number), {}});
    expect_ok(storage_.apply(batch));
  }
  Result<Numbers> find(const Paging& paging) override { return find(query_, paging); }
  Result<Numbers> find_other(const Paging& paging) override {
    DocumentQuery other = query_;
    other.key_prefix = "k";
    return find(other, paging);
  }

 private:
  Result<Numbers> find(const DocumentQuery& query, const Paging& paging) {
    return numbers(storage_.find_documents(query, paging), [&](const Document& row) {
      const auto place = static_cast<std::uint32_t>(std::stoul(row.key.substr(1)));
      return query_.descending ? 99 - place : place;
    });
  }
  std::string key(std::uint32_t number) const {
    return 'k' + digits(query_.descending ? 99 - number : number);
  }
  Storage& storage_;
  DocumentQuery query_;
};

std::vector<std::uint32_t> even_numbers() {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < kRows; ++i) numbers.push_back(2 * i);
  return numbers;
}

/// The pages of `source`, with `between` called after each of them.
std::vector<std::uint32_t> read_pages(Source& source, std::uint32_t limit,
                                      const std::function<void(std::uint32_t last)>& between = {}) {
  std::vector<std::uint32_t> found;
  Paging paging{.limit = limit};
  for (std::uint32_t pages = 0; pages < 200; ++pages) {
    const auto page = value_of(source.find(paging));
    EXPECT_LE(page.rows.size(), limit);
    found.insert(found.end(), page.rows.begin(), page.rows.end());
    if (page.next.empty()) return found;
    EXPECT_EQ(page.rows.size(), limit) << "only the last page may be short";
    paging.token = page.next;
    if (between) between(found.back());
  }
  ADD_FAILURE() << "the pages do not end";
  return found;
}

class Pages : public ConformanceCase {
 protected:
  /// `check` with runs in each order, on a new store each.
  template <class Check>
  void in_every_order(Check check) {
    for (const Order order : {Order::Position, Order::Started, Order::Received}) {
      for (const bool ascending : {false, true}) {
        SCOPED_TRACE(::testing::Message()
                     << "order " << static_cast<int>(order) << " ascending " << ascending);
        const auto storage = open_fresh();
        ASSERT_NE(storage, nullptr);
        RunSource source(*storage, order, ascending);
        check(source);
      }
    }
  }
  template <class AnySource, class Check>
  void both_ways(Check check) {
    for (const bool way : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "way " << way);
      const auto storage = open_fresh();
      ASSERT_NE(storage, nullptr);
      AnySource source(*storage, way);
      check(source);
    }
  }

  void check_sizes(Source& source) {
    const auto wanted = even_numbers();
    source.write(wanted, {});
    for (std::uint32_t limit = 1; limit <= kRows + 1; ++limit) {
      SCOPED_TRACE(::testing::Message() << "limit " << limit);
      EXPECT_EQ(read_pages(source, limit), wanted);
    }
    const auto whole = value_of(source.find({.limit = kRows}));
    EXPECT_TRUE(whole.next.empty()) << "a page that holds all rows is the last one";
  }

  /// Rows come right after and right before every page's end, far ahead and far behind.
  void check_inserts(Source& source) {
    source.write(even_numbers(), {});
    for (const std::uint32_t limit : {1u, 4u}) {
      SCOPED_TRACE(::testing::Message() << "limit " << limit);
      const auto found = read_pages(source, limit, [&](std::uint32_t last) {
        std::set<std::uint32_t> fresh = {last + 1, 99};
        if (last > 0) fresh.insert(last - 1);
        source.write({fresh.begin(), fresh.end()}, {});
      });
      EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
      EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end()) << "a row came twice";
      const auto stayed = even_numbers();
      EXPECT_TRUE(std::includes(found.begin(), found.end(), stayed.begin(), stayed.end())) << "a row is lost";
    }
  }

  /// The last row of each page goes, and the one after it; they come back at the end.
  void check_deletes(Source& source) {
    for (const std::uint32_t limit : {1u, 4u}) {
      SCOPED_TRACE(::testing::Message() << "limit " << limit);
      source.write(even_numbers(), {});
      std::set<std::uint32_t> deleted;
      const auto found = read_pages(source, limit, [&](std::uint32_t last) {
        source.write({}, {last, last + 2});
        deleted.insert(last + 2);
      });
      std::vector<std::uint32_t> wanted;
      for (const std::uint32_t number : even_numbers()) {
        if (!deleted.contains(number)) wanted.push_back(number);
      }
      EXPECT_EQ(found, wanted);
    }
  }

  void check_tokens(Source& source) {
    source.write(even_numbers(), {});
    const auto page = value_of(source.find({.limit = 5}));
    ASSERT_FALSE(page.next.empty());
    EXPECT_EQ(value_of(source.find({.limit = 3, .token = page.next})).rows,
              (std::vector<std::uint32_t>{10, 12, 14}))
        << "the limit may differ";
    EXPECT_EQ(value_of(source.find({.limit = 3, .token = page.next})).rows.size(), 3u)
        << "a token can be reused";
    expect_error(ErrorCode::InvalidArgument, source.find_other({.limit = 5, .token = page.next}));
    for (std::size_t i = 0; i < page.next.size(); ++i) {
      std::string mangled = page.next;
      mangled[i] = mangled[i] == 'A' ? 'B' : 'A';
      if (const auto found = source.find({.limit = 5, .token = mangled}); found.ok()) {
        // The last character of the token's text may have spare bits that say nothing.
        EXPECT_EQ(i, page.next.size() - 1);
        EXPECT_EQ(found->rows.front(), 10u);
      }
    }
    for (const std::string& wrong :
         {page.next.substr(1), page.next.substr(0, page.next.size() / 2), page.next + page.next,
          std::string("x"), std::string(1, '\0'), std::string("\xff\xfe"), std::string(100'000, 'A')}) {
      expect_error(ErrorCode::InvalidArgument, source.find({.limit = 5, .token = wrong}));
    }
    for (const std::uint32_t limit : {0u, limits::kPageRows + 1}) {
      expect_error(ErrorCode::InvalidArgument, source.find({.limit = limit}));
    }
  }
};

RESULTSDB_CASE_OF(Pages, RunsInEverySize) {
  in_every_order([&](Source& source) { check_sizes(source); });
}
RESULTSDB_CASE_OF(Pages, RunsSurviveInserts) {
  in_every_order([&](Source& source) { check_inserts(source); });
}
RESULTSDB_CASE_OF(Pages, RunsSurviveDeletes) {
  in_every_order([&](Source& source) { check_deletes(source); });
}
RESULTSDB_CASE_OF(Pages, RunsRefuseWrongTokens) {
  RunSource source(store(), Order::Position, false);
  check_tokens(source);
}

RESULTSDB_CASE_OF(Pages, TestsInEverySize) {
  TestSource source(store());
  check_sizes(source);
}
RESULTSDB_CASE_OF(Pages, TestsSurviveInserts) {
  TestSource source(store());
  check_inserts(source);
}
RESULTSDB_CASE_OF(Pages, TestsRefuseWrongTokens) {
  TestSource source(store());
  check_tokens(source);
}

RESULTSDB_CASE_OF(Pages, CommitsInEverySize) {
  both_ways<CommitSource>([&](Source& source) { check_sizes(source); });
}
RESULTSDB_CASE_OF(Pages, CommitsSurviveInserts) {
  both_ways<CommitSource>([&](Source& source) { check_inserts(source); });
}
RESULTSDB_CASE_OF(Pages, CommitsSurviveDeletes) {
  both_ways<CommitSource>([&](Source& source) { check_deletes(source); });
}
RESULTSDB_CASE_OF(Pages, CommitsRefuseWrongTokens) {
  CommitSource source(store(), true);
  check_tokens(source);
}

RESULTSDB_CASE_OF(Pages, DocumentsInEverySize) {
  both_ways<DocumentSource>([&](Source& source) { check_sizes(source); });
}
RESULTSDB_CASE_OF(Pages, DocumentsSurviveInserts) {
  both_ways<DocumentSource>([&](Source& source) { check_inserts(source); });
}
RESULTSDB_CASE_OF(Pages, DocumentsSurviveDeletes) {
  both_ways<DocumentSource>([&](Source& source) { check_deletes(source); });
}
RESULTSDB_CASE_OF(Pages, DocumentsRefuseWrongTokens) {
  DocumentSource source(store(), false);
  check_tokens(source);
}

RESULTSDB_CASE_OF(Pages, TokensOfOneKindOfQueryAreNoneOfAnother) {
  TestSource tests(store());
  DocumentSource documents(store(), false);
  tests.write(even_numbers(), {});
  documents.write(even_numbers(), {});
  const auto of_tests = value_of(tests.find({.limit = 5})).next;
  const auto of_documents = value_of(documents.find({.limit = 5})).next;
  expect_error(ErrorCode::InvalidArgument, tests.find({.limit = 5, .token = of_documents}));
  expect_error(ErrorCode::InvalidArgument, documents.find({.limit = 5, .token = of_tests}));
}

RESULTSDB_CASE_OF(Pages, CountIsTheSumOfThePages) {
  RunSource source(store(), Order::Received, true);
  source.write(even_numbers(), {});
  EXPECT_EQ(value_of(store().count_runs({.suite = "suite"})), read_pages(source, 7).size());
  source.write({1, 3}, {0});
  EXPECT_EQ(value_of(store().count_runs({.suite = "suite"})), read_pages(source, 7).size());
  const auto last = value_of(store().find_runs({.suite = "suite"}, {.limit = kRows + 1}));
  EXPECT_EQ(last.rows.size(), kRows + 1);
  EXPECT_TRUE(last.next.empty());
}

}  // namespace
}  // namespace resultsdb::testing
