#include "options.hpp"

#include <boost/program_options.hpp>
#include <charconv>
#include <cstdlib>
#include <sstream>

namespace {

namespace po = boost::program_options;

constexpr int kMostThreads = 256;

po::options_description describe(ServerArguments& arguments, std::string& listen) {
  const char* store = std::getenv("RESULTSDB_STORE");
  po::options_description options("Options");
  options.add_options()  //
      ("store", po::value(&arguments.store)->value_name("URL")->default_value(store ? store : ""),
       "sqlite:PATH, postgresql://USER@HOST/DATABASE, redis://HOST or memory:; RESULTSDB_STORE is the "
       "default")  //
      ("wait-for-store", po::value(&arguments.wait_for_store)->value_name("SECONDS")->default_value(0),
       "how long to try when the store's server is away")  //
      ("listen", po::value(&listen)->value_name("HOST:PORT")->default_value("127.0.0.1:8080"),
       "address; port 0 takes any free one")  //
      ("repositories", po::value(&arguments.repositories)->value_name("FILE"),
       "static repositories, see docs/repositories.md")  //
      ("git-clone", po::value(&arguments.git_clones)->value_name("[KEY=]PATH"),
       "a local git clone that commits are looked up in; repeats; see docs/repositories.md")  //
      ("ci", po::value(&arguments.ci)->value_name("FILE"),
       "Buildbot masters with the numbers of their builders and workers, for WebKit's links; see "
       "docs/compat/webkit.md")  //
      ("clock", po::value<std::int64_t>()->value_name("SECONDS"),
       "let the time stand still there (seconds since 1970), for replays")  //
      ("threads", po::value(&arguments.threads)->value_name("N")->default_value(2),
       "threads that answer requests")  //
      ("api-key-file", po::value(&arguments.api_key_file)->value_name("FILE"),
       "keys that writers must send, a line NAME KEY [EXPIRES] each; see docs/api-keys.md")  //
      ("allow-anonymous-writes", po::bool_switch(&arguments.allow_anonymous_writes),
       "let other machines write, without any key")  //
#ifdef RESULTSDB_SERVER_WEBKIT
      ("async-processing", po::bool_switch(&arguments.async_processing),
       "store and answer WebKit's uploads at once and process them afterwards")  //
      ("workers", po::value(&arguments.workers)->value_name("N")->default_value(1),
       "threads that process them, and that ask for identifiers of commits with webkit-corrected; 0 leaves "
       "that to other servers of the same store")  //
      ("webkit-profile", po::value<std::string>()->value_name("NAME")->default_value("webkit"),
       "webkit: as the original; webkit-corrected: without its oddities; see docs/compat/webkit.md")  //
      ("webkit-ews", po::value<bool>()->value_name("BOOL")->implicit_value(true),
       "results of changes that are not landed yet; not of the original's release, so webkit-corrected alone "
       "has them by default")  //
      ("webkit-ttl",
       po::value(&arguments.webkit_ttl)->value_name("SECONDS")->default_value(arguments.webkit_ttl),
       "how long runs that came in through WebKit's protocol are kept, counted from the commit's time; at "
       "least 4 weeks; 0 is for ever")  //
      ("webkit-archive-ttl",
       po::value(&arguments.webkit_archive_ttl)
           ->value_name("SECONDS")
           ->default_value(arguments.webkit_archive_ttl),
       "the same of archives; at least 2 weeks; 0 is for ever")  //
      ("body-folder", po::value(&arguments.body_folder)->value_name("FOLDER"),
       "where archives stand, as files without a name, while they come in: at most 512 MB each; the system's "
       "folder for temporary files if it is not given")  //
#endif
      ("help", "show this text")("version", "show the version");
  return options;
}

/// "HOST:PORT", "[::1]:8080"; false if it is neither.
bool parse_listen(const std::string& text, ServerArguments& arguments) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  arguments.host = text.substr(0, colon);
  if (arguments.host.front() == '[' && arguments.host.back() == ']') {
    arguments.host = arguments.host.substr(1, arguments.host.size() - 2);
  }
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, arguments.port);
  return parsed.ec == std::errc{} && parsed.ptr == end && !arguments.host.empty();
}

Farewell wrong(const std::string& what) { return {"resultsdb-server: " + what + " (see --help)\n", true}; }

}  // namespace

std::variant<ServerArguments, Farewell> parse_arguments(int argc, const char* const* argv) {
  ServerArguments arguments;
  std::string listen;
  const po::options_description options = describe(arguments, listen);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(argc, argv).options(options).positional({}).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    return wrong(error.what());
  }
  if (values.count("help") != 0) {
    std::ostringstream text;
    text << "resultsdb-server: serves a store of test results over HTTP\n\n" << options;
    return Farewell{text.str()};
  }
  if (values.count("version") != 0) return Farewell{"resultsdb-server " RESULTSDB_VERSION "\n"};
  if (arguments.store.empty()) return wrong("--store or RESULTSDB_STORE is needed");
  if (!parse_listen(listen, arguments)) return wrong("--listen takes HOST:PORT, not \"" + listen + '"');
  if (arguments.threads < 1 || arguments.threads > kMostThreads) return wrong("--threads takes 1 to 256");
  if (arguments.workers < 0 || arguments.workers > kMostThreads) return wrong("--workers takes 0 to 256");
  if (arguments.wait_for_store < 0) return wrong("--wait-for-store takes a number of seconds");
#ifdef RESULTSDB_SERVER_WEBKIT
  const auto profile = resultsdb::webkit::parse_profile(values["webkit-profile"].as<std::string>());
  if (!profile) return wrong("--webkit-profile: " + profile.error().message);
  arguments.webkit_profile = *profile;
  if (values.count("webkit-ews") != 0) arguments.webkit_ews = values["webkit-ews"].as<bool>();
#endif
  if (values.count("clock") != 0) arguments.clock = values["clock"].as<std::int64_t>();
  return arguments;
}
