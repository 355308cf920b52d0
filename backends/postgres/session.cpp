#include "session.hpp"

#include <charconv>
#include <pqxx/pqxx>
#include <vector>

namespace resultsdb::backends::postgres {

namespace {

constexpr unsigned kBytea = 17;  // the type's number in every PostgreSQL
constexpr int kOldestServer = 12;

// --- where versions of libpqxx differ

#if PQXX_VERSION_MAJOR < 7
using Arguments = std::vector<pqxx::binarystring>;

Arguments arguments_of(std::span<const std::string> parameters) {
  Arguments arguments;
  arguments.reserve(parameters.size());
  for (const auto& parameter : parameters) arguments.emplace_back(parameter.data(), parameter.size());
  return arguments;
}

pqxx::result call(pqxx::nontransaction& work, const std::string& statement, const Arguments& arguments) {
  return work.exec_params(statement, pqxx::prepare::make_dynamic_params(arguments));
}

pqxx::result call_prepared(pqxx::nontransaction& work, const std::string& name, const Arguments& arguments) {
  return work.exec_prepared(name, pqxx::prepare::make_dynamic_params(arguments));
}

// Version 6 would connect again on its own, in the middle of a transaction.
void stay_broken(pqxx::connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}
#else
using Arguments = pqxx::params;

Arguments arguments_of(std::span<const std::string> parameters) {
  Arguments arguments;
  for (const auto& parameter : parameters)
    arguments.append(pqxx::binary_cast(parameter.data(), parameter.size()));
  return arguments;
}

#if PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR < 9
pqxx::result call(pqxx::nontransaction& work, const std::string& statement, const Arguments& arguments) {
  return work.exec_params(statement, arguments);
}

pqxx::result call_prepared(pqxx::nontransaction& work, const std::string& name, const Arguments& arguments) {
  return work.exec_prepared(name, arguments);
}
#else
pqxx::result call(pqxx::nontransaction& work, const std::string& statement, const Arguments& arguments) {
  return work.exec(statement, arguments);
}

pqxx::result call_prepared(pqxx::nontransaction& work, const std::string& name, const Arguments& arguments) {
  return work.exec(pqxx::prepped{name}, arguments);
}
#endif

void stay_broken(pqxx::connection&) {}
#endif

// --- answers

unsigned digit(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }

class ResultRow final : public sql::Row {
 public:
  explicit ResultRow(const pqxx::result& result)
      : result_(result), decoded_(static_cast<std::size_t>(result.columns())) {}
  void go_to(pqxx::result::size_type row) { row_ = row; }

  bool is_null(int column) const override { return field(column).is_null(); }
  std::int64_t integer(int column) const override {
    const auto text = this->text(column);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  std::string_view text(int column) const override {
    const auto at = field(column);
    return {at.c_str(), at.size()};
  }
  std::string_view bytes(int column) const override {
    const auto text = this->text(column);
    if (result_.column_type(static_cast<pqxx::row::size_type>(column)) != kBytea || !text.starts_with("\\x"))
      return text;
    auto& out = decoded_[static_cast<std::size_t>(column)];
    out.resize(text.size() / 2 - 1);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<char>(digit(text[2 * i + 2]) << 4 | digit(text[2 * i + 3]));
    return out;
  }

 private:
  pqxx::field field(int column) const { return result_[row_][static_cast<pqxx::row::size_type>(column)]; }

  const pqxx::result& result_;
  pqxx::result::size_type row_ = 0;
  mutable std::vector<std::string> decoded_;
};

std::uint64_t read(const pqxx::result& result, const sql::RowHandler& handle) {
  if (handle && !result.empty()) {
    ResultRow row(result);
    for (pqxx::result::size_type i = 0; i < result.size(); ++i) {
      row.go_to(i);
      handle(row);
    }
  }
  return static_cast<std::uint64_t>(result.affected_rows());
}

// --- failures

struct Kind {
  std::string_view state;  // SQLSTATE, or its class of two letters
  ErrorCode code;
  const char* advice;
};

constexpr Kind kKinds[] = {
    {"23505", ErrorCode::AlreadyExists, "a unique key is taken"},
    {"40001", ErrorCode::Conflict, "somebody else changed the same data; try again"},
    {"40P01", ErrorCode::Conflict, "writers waited for each other; try again"},
    {"55P03", ErrorCode::Unavailable, "somebody else holds a lock for too long; try again"},
    {"57014", ErrorCode::Unavailable,
     "a statement took longer than statement_timeout_ms, or was cancelled; try again, or allow more time"},
    {"57P", ErrorCode::Unavailable, "the server ended the connection or is starting or stopping; try again"},
    {"08", ErrorCode::Unavailable, "the connection to the server was lost; try again"},
    {"25P03", ErrorCode::Unavailable, "the server ended an idle transaction; try again"},
    {"53300", ErrorCode::Unavailable,
     "the server has no free connection; lower 'connections' or raise its max_connections"},
    {"53100", ErrorCode::ResourceExhausted, "the server's disk is full; nothing of this write was stored"},
    {"53", ErrorCode::ResourceExhausted, "the server is out of memory or at another limit"},
    {"54", ErrorCode::ResourceExhausted,
     "too large for PostgreSQL: see the limits in docs/backends.md; a store of an older schema takes longer "
     "names after `resultsdb migrate`"},
    {"25006", ErrorCode::PermissionDenied, "the server or the connection is read-only"},
    {"3F000", ErrorCode::PermissionDenied, "the role may not use this schema"},
    {"42501", ErrorCode::PermissionDenied, "the role lacks a right in this schema"},
    {"28", ErrorCode::PermissionDenied, "the server refuses this user or password"},
    {"3D000", ErrorCode::NotFound, "there is no such database; create it first"},
    {"42P01", ErrorCode::SchemaMismatch, "a table of the store is missing"},
    {"42703", ErrorCode::SchemaMismatch, "a column of the store is missing"},
    {"58", ErrorCode::Unavailable, "the server cannot read or write its files"},
    {"XX", ErrorCode::Corrupt, "the server found its data damaged"},
};

std::string first_line(std::string_view text) {
  while (!text.empty() && text.front() <= ' ') text.remove_prefix(1);
  return std::string(text.substr(0, text.find('\n')));
}

Error failure(ErrorCode code, std::string_view advice, std::string_view said, const std::string& place) {
  auto error = make_error(code, std::string(advice) + " (" + first_line(said) + ")", place);
  error.backend = "postgres";
  return error;
}

Error failure_of(const pqxx::sql_error& thrown, const std::string& place) {
  for (const auto& kind : kKinds)
    if (std::string_view(thrown.sqlstate()).starts_with(kind.state))
      return failure(kind.code, kind.advice, thrown.what(), place);
  return failure(ErrorCode::Internal, "unexpected answer of PostgreSQL, state " + thrown.sqlstate(),
                 thrown.what(), place);
}

/// A connection that does not come about says why in words alone.
Error refusal(std::string_view said, const std::string& place) {
  const auto says = [&](std::string_view words) { return said.find(words) != std::string_view::npos; };
  if (says("password") || says("authentication") || says("pg_hba.conf") ||
      (says("role \"") && says("does not exist")))
    return failure(ErrorCode::PermissionDenied, "the server refuses this user or password", said, place);
  if (says("database \"") && says("does not exist"))
    return failure(ErrorCode::NotFound, "there is no such database; create it first", said, place);
  if (says("SSL"))
    return failure(ErrorCode::PermissionDenied, "the server does not offer what sslmode asks for", said,
                   place);
  if (says("invalid connection option") || says("invalid sslmode") || says("invalid port"))
    return failure(ErrorCode::InvalidArgument, "libpq does not understand the connection's options", said,
                   place);
  return failure(ErrorCode::Unavailable, "the PostgreSQL server cannot be reached; check that it runs there",
                 said, place);
}

}  // namespace

class Session::Library {
 public:
  explicit Library(const std::string& parameters) : connection(parameters) { stay_broken(connection); }
  pqxx::connection connection;
  pqxx::nontransaction work{connection};  // transactions are statements here
};

Session::Session(std::unique_ptr<Library> library, std::string place)
    : library_(std::move(library)), place_(std::move(place)) {}

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::connect(const std::string& parameters, std::string place) {
  try {
    auto library = std::make_unique<Library>(parameters);
    const int version = library->connection.server_version();  // 150004: 15.4
    if (version < kOldestServer * 10000) {
      auto error = make_error(ErrorCode::SchemaMismatch,
                              "this PostgreSQL server is of version " + std::to_string(version / 10000) +
                                  "; " + std::to_string(kOldestServer) + " or newer is needed",
                              std::move(place));
      error.backend = "postgres";
      return error;
    }
    return std::unique_ptr<Session>(new Session(std::move(library), std::move(place)));
  } catch (const std::exception& thrown) {
    return refusal(thrown.what(), place);
  }
}

// Failures of the library alone: exceptions of a caller's callback pass through.
template <class Call>
auto Session::guarded(const Call& call) -> Result<decltype(call())> {
  const auto broken = [&](const std::exception& thrown) {
    open_ = false;
    return failure(ErrorCode::Unavailable, "the connection to the server was lost; try again", thrown.what(),
                   place_);
  };
  if (!open_) return broken(std::runtime_error("it broke before"));
  try {
    return call();
  } catch (const pqxx::broken_connection& thrown) {
    return broken(thrown);
  } catch (const pqxx::sql_error& thrown) {
    if (!library_->connection.is_open()) return broken(thrown);
    auto error = failure_of(thrown, place_);
    if (std::string_view(thrown.sqlstate()).starts_with("57P")) open_ = false;  // its last word
    return error;
  } catch (const std::bad_alloc&) {
    open_ = false;  // what the server still sends is not read
    throw;
  } catch (const std::exception& thrown) {
    if (!library_->connection.is_open()) return broken(thrown);
    open_ = false;  // its state is not known
    return failure(ErrorCode::Internal, "unexpected failure of libpqxx", thrown.what(), place_);
  }
}

Result<std::uint64_t> Session::execute(const std::string& statement, std::span<const std::string> parameters,
                                       const sql::RowHandler& handle) {
  RESULTSDB_ASSIGN(const auto result,
                   guarded([&] { return call(library_->work, statement, arguments_of(parameters)); }));
  return read(result, handle);
}

Result<std::uint64_t> Session::execute_prepared(const std::string& name,
                                                std::span<const std::string> parameters,
                                                const sql::RowHandler& handle) {
  RESULTSDB_ASSIGN(const auto result,
                   guarded([&] { return call_prepared(library_->work, name, arguments_of(parameters)); }));
  return read(result, handle);
}

Status Session::prepare(const std::string& name, const std::string& statement) {
  RESULTSDB_TRY(guarded([&] {
    library_->connection.prepare(name, statement);
    return true;
  }));
  return {};
}

Result<std::uint64_t> Session::execute_script(const std::string& statements, const sql::RowHandler& handle) {
  RESULTSDB_ASSIGN(const auto result, guarded([&] { return library_->work.exec(statements); }));
  return read(result, handle);
}

}  // namespace resultsdb::backends::postgres
