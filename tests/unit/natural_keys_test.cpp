// The natural keys of everybody who writes runs, as a table that runs. Keys and positions are what cannot be
// migrated: stored runs keep theirs for ever, so a change here splits or merges histories. Each section
// builds run headers the way its writer must and says which of them are the same run.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "domain/fields.hpp"
#include "domain/sha256.hpp"
#include "resultsdb/base64url.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb {
namespace {

/// As RunHeader::position says: given, else the newest commit's, else 100 * start in whole seconds.
Position position_of(const RunHeader& header) {
  if (header.position) return *header.position;
  if (header.commits.empty()) return 100 * to_seconds(header.started);
  const auto newest = std::max_element(header.commits.begin(), header.commits.end(),
                                       [](const auto& a, const auto& b) { return a.position < b.position; });
  return newest->position;
}

std::string id_of(const RunHeader& header) {
  return run_id(header.suite, header.branch, header.configuration, position_of(header), header.started,
                header.variant);
}
std::string timeline_of(const RunHeader& header) {
  return timeline_id(header.suite, header.branch, header.configuration);
}

enum class Same { Run, Timeline, Nothing };

template <class Upload>
struct Case {
  std::string_view what;
  std::function<void(Upload&)> change;
  Same same;
};

/// Applies one change at a time to `base` and compares what becomes of the two.
template <class Upload>
void check(const Upload& base, RunHeader (*header_of)(const Upload&),
           std::initializer_list<Case<Upload>> cases) {
  const RunHeader first = header_of(base);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    Upload changed = base;
    c.change(changed);
    const RunHeader second = header_of(changed);
    EXPECT_EQ(id_of(first) == id_of(second), c.same == Same::Run);
    EXPECT_EQ(timeline_of(first) == timeline_of(second), c.same != Same::Nothing);
  }
}

// --- the ids themselves

TEST(NaturalKeys, IdsAreFixedForEver) {
  const Configuration gtk(Configuration::Facets{{"style", "release"}, {"platform", "gtk"}});
  EXPECT_EQ(configuration_id(gtk), "c_5sbD79xbXcfIpisEfpaV");
  EXPECT_EQ(configuration_id({}), "c_r1Vw9aGBC3r3jK9Lxwpm");
  EXPECT_EQ(timeline_id("layout-tests", "main", gtk), "t_0HPIMpZEOfoedZsGzvDb");
  EXPECT_EQ(run_id("layout-tests", "main", gtk, 160166800001, from_seconds(1601668000), ""),
            "r_PdPkgtpm8PXH4iK5hrZ7");
  EXPECT_EQ(run_id("layout-tests", "main", gtk, -5, from_micros(-1), "21A559é"), "r_KxugkyyLaAJ63404rj-w");
}

TEST(NaturalKeys, NeighbouringTextsDoNotRunIntoEachOther) {
  const Configuration none;
  EXPECT_NE(timeline_id("ab", "c", none), timeline_id("a", "bc", none));
  EXPECT_NE(timeline_id("a", "b", none), timeline_id("a", "", Configuration::parse("b=").value()));
  EXPECT_NE(run_id("s", "b", none, 1, from_micros(2), ""), run_id("s", "b", none, 2, from_micros(1), ""));
  EXPECT_NE(configuration_id(Configuration::parse("a=1,b=2").value()),
            configuration_id(Configuration::parse(R"(a=1\,b\=2)").value()));
}

// --- WebKit: (configuration without sdk, suite, branch, uuid of the newest commit, start second, sdk)

struct WebKitUpload {
  std::map<std::string, std::string> configuration = {{"platform", "mac"},       {"version", "14.5"},
                                                      {"is_simulator", "false"}, {"architecture", "arm64"},
                                                      {"style", "release"},      {"sdk", "21A559"}};
  std::string suite = "layout-tests", branch = "main";
  struct Uuid {
    std::string repository, hash;
    std::int64_t timestamp, order;
  };
  std::vector<Uuid> commits = {{"safari", "aa", 1601600000, 0}, {"webkit", "bb", 1601668000, 1}};
  double start_time = 1601670000;
};

RunHeader webkit_header(const WebKitUpload& upload) {
  RunHeader header{.suite = upload.suite, .branch = upload.branch};
  for (const auto& [name, value] : upload.configuration) {
    if (name == "sdk") {
      header.variant = value;
    } else {
      header.configuration.set(name, value);
    }
  }
  for (const auto& commit : upload.commits) {
    header.commits.push_back({commit.repository, commit.hash, commit.timestamp * 100 + commit.order});
  }
  header.started = from_seconds(static_cast<std::int64_t>(upload.start_time));
  return header;
}

TEST(NaturalKeys, WebKit) {
  using U = WebKitUpload;
  EXPECT_EQ(position_of(webkit_header({})), 160166800001);
  check<U>(
      {}, webkit_header,
      {
          {"the same upload again", [](U&) {}, Same::Run},
          {"an older commit of another repository", [](U& u) { u.commits[0].timestamp -= 500; }, Same::Run},
          {"one commit less, the newest stays", [](U& u) { u.commits.erase(u.commits.begin()); }, Same::Run},
          {"a fraction of the start second", [](U& u) { u.start_time += 0.75; }, Same::Run},
          {"an order that spills over", [](U& u) { u.commits[1] = {"webkit", "bb", 1601667999, 101}; },
           Same::Run},
          {"another start", [](U& u) { u.start_time += 1; }, Same::Timeline},
          {"another sdk", [](U& u) { u.configuration["sdk"] = "21A560"; }, Same::Timeline},
          {"no sdk", [](U& u) { u.configuration.erase("sdk"); }, Same::Timeline},
          {"a newer commit", [](U& u) { u.commits[1].order = 2; }, Same::Timeline},
          {"another style", [](U& u) { u.configuration["style"] = "debug"; }, Same::Nothing},
          {"an optional member unset", [](U& u) { u.configuration.erase("style"); }, Same::Nothing},
          {"another branch", [](U& u) { u.branch = "eng/x"; }, Same::Nothing},
          {"another suite", [](U& u) { u.suite = "api-tests"; }, Same::Nothing},
      });
}

// --- Chromium: (master, builder, test type, build number); the start is an attribute

struct ChromiumUpload {
  std::string master = "chromium.webkit", builder = "Linux Tests", test_type = "layout-tests";
  std::int64_t build_number = 4711, seconds_since_epoch = 1601670000;
  std::int64_t revision_position = 160166800000;
};

RunHeader chromium_header(const ChromiumUpload& upload) {
  RunHeader header{.suite = upload.test_type, .order_key = OrderKey::Build};
  header.configuration.set("master", upload.master);
  header.configuration.set("builder", upload.builder);
  header.position = upload.build_number;
  header.commits = {{"chromium", "aa", upload.revision_position}};
  header.attributes = {{"secondsSinceEpoch", std::to_string(upload.seconds_since_epoch)}};
  return header;
}

TEST(NaturalKeys, Chromium) {
  using U = ChromiumUpload;
  EXPECT_EQ(position_of(chromium_header({})), 4711) << "not its commits' position";
  EXPECT_EQ(to_string(chromium_header({}).order_key), "build");
  check<U>({}, chromium_header,
           {
               {"another start", [](U& u) { u.seconds_since_epoch += 60; }, Same::Run},
               {"another revision", [](U& u) { u.revision_position += 100; }, Same::Run},
               {"the next build", [](U& u) { ++u.build_number; }, Same::Timeline},
               {"another builder", [](U& u) { u.builder = "Mac Tests"; }, Same::Nothing},
               {"another master", [](U& u) { u.master = "chromium.gpu"; }, Same::Nothing},
               {"another test type", [](U& u) { u.test_type = "unit_tests"; }, Same::Nothing},
           });
}

// --- OPNFV: every accepted POST is a run of its own, told apart by the server's 24-digit id

struct OpnfvResult {
  std::string id = "5f7791e0aaaaaaaaaa000001";
  std::string project = "functest", case_name = "vping_ssh";
  std::string pod = "lf-pod1", installer = "fuel", scenario = "os-nosdn-nofeature-ha", version = "master";
  std::int64_t start_date = 1601670000;
  std::string criteria = "PASS", build_tag = "jenkins-1";
};

RunHeader opnfv_header(const OpnfvResult& result) {
  RunHeader header{.suite = result.project, .order_key = OrderKey::Time, .id = result.id};
  header.configuration = Configuration::Facets{{"host", result.pod},
                                               {"deployer", result.installer},
                                               {"profile", result.scenario},
                                               {"release", result.version}};
  header.started = from_seconds(result.start_date);
  header.variant = result.id;
  header.attributes = {
      {"case_name", result.case_name}, {"criteria", result.criteria}, {"build_tag", result.build_tag}};
  return header;
}

TEST(NaturalKeys, Opnfv) {
  using R = OpnfvResult;
  EXPECT_EQ(position_of(opnfv_header({})), 160167000000);
  EXPECT_EQ(opnfv_header({}).id.size(), 24u);
  check<R>({}, opnfv_header,
           {
               {"edited in place", [](R& r) { r.criteria = "FAIL"; }, Same::Run},
               {"another build tag under the same id", [](R& r) { r.build_tag = "jenkins-2"; }, Same::Run},
               {"the same content posted again", [](R& r) { r.id.back() = '2'; }, Same::Timeline},
               {"another case", [](R& r) { r.id.back() = '2', r.case_name = "rally"; }, Same::Timeline},
               {"another start", [](R& r) { r.start_date += 1; }, Same::Timeline},
               {"another pod", [](R& r) { r.pod = "lf-pod2"; }, Same::Nothing},
               {"another scenario", [](R& r) { r.scenario = "os-odl"; }, Same::Nothing},
               {"another project", [](R& r) { r.project = "yardstick"; }, Same::Nothing},
           });
}

// --- QA-Board: an output is (commit, batch label, database, path, platform, configurations, extra
// parameters)

struct QaOutput {
  std::string project = "group/repo/sub", branch = "main",
              hexsha = "9b8311f25a77ba14923d9d5a6532103f54abefcb";
  std::int64_t commit_time = 1601668000;
  std::string label = "default", database = "/data", path = "inputs/a.txt", platform = "linux";
  std::string configurations = R"(["base"])", extra_parameters = "{}";  ///< in canonical form
  std::int64_t reported = 1601670000;
  std::string state = "pending", folder = "inputs-a";
};

/// One run per output and commit, updated in place: no start in the key, so that all writers mean the same
/// one. What is no facet goes into the variant: tuning must not multiply configurations.
RunHeader qaboard_header(const QaOutput& output) {
  RunHeader header{.suite = output.project, .branch = output.branch};
  header.configuration.set("platform", output.platform == "lsf" ? "linux" : output.platform);
  header.configuration.set("configurations", output.configurations);
  header.commits = {{"repo", output.hexsha, 100 * output.commit_time}};
  domain::FieldWriter key;
  key.text(output.hexsha)
      .text(output.label)
      .text(output.database)
      .text(output.path)
      .text(output.extra_parameters);
  header.variant = base64url_encode(domain::sha256(key.bytes()));
  header.attributes = {{"created_date", std::to_string(output.reported)}, {"state", output.state}};
  return header;
}

TEST(NaturalKeys, QaBoard) {
  using O = QaOutput;
  EXPECT_EQ(position_of(qaboard_header({})), 160166800000);
  check<O>(
      {}, qaboard_header,
      {
          {"reported later by another writer", [](O& o) { o.reported += 5, o.state = "running"; }, Same::Run},
          {"another folder", [](O& o) { o.folder = "elsewhere"; }, Same::Run},
          {"lsf is linux", [](O& o) { o.platform = "lsf"; }, Same::Run},
          {"another batch", [](O& o) { o.label = "tuning"; }, Same::Timeline},
          {"another input", [](O& o) { o.path = "inputs/b.txt"; }, Same::Timeline},
          {"an input of another case", [](O& o) { o.path = "inputs/A.txt"; }, Same::Timeline},
          {"another database", [](O& o) { o.database = "/other"; }, Same::Timeline},
          {"other extra parameters", [](O& o) { o.extra_parameters = R"({"x":1})"; }, Same::Timeline},
          {"another commit of the same second", [](O& o) { o.hexsha[0] = 'a'; }, Same::Timeline},
          {"another commit", [](O& o) { o.hexsha[0] = 'a', o.commit_time += 60; }, Same::Timeline},
          {"other configurations", [](O& o) { o.configurations = R"(["base",{"x":1}])"; }, Same::Nothing},
          {"another platform", [](O& o) { o.platform = "windows"; }, Same::Nothing},
          {"another project", [](O& o) { o.project = "group/repo"; }, Same::Nothing},
      });
}

// --- command line and manifests: a given id, else the attempt, tells runs of one start apart

struct Import {
  std::string id, suite = "pytest", branch = "main", configuration = "os=linux,python=3.12";
  std::vector<Position> commits;
  std::int64_t started_us = 1601670000'499004;
  int attempt = 1;
  std::string digest = "d1";
};

RunHeader import_header(const Import& import) {
  RunHeader header{.suite = import.suite, .branch = import.branch, .id = import.id};
  header.configuration = Configuration::parse(import.configuration).value();
  header.order_key = import.commits.empty() ? OrderKey::Time : OrderKey::Commit;
  for (const Position position : import.commits) header.commits.push_back({"repo", "aa", position});
  header.started = from_micros(import.started_us);
  header.attempt = import.attempt;
  header.digest = import.digest;
  if (!import.id.empty()) {
    header.variant = import.id;
  } else if (import.attempt > 1) {
    header.variant = std::to_string(import.attempt);
  }
  return header;
}

TEST(NaturalKeys, CommandLineWithoutCommits) {
  using I = Import;
  EXPECT_EQ(position_of(import_header({})), 160167000000) << "whole seconds of the start";
  EXPECT_EQ(to_string(import_header({}).order_key), "time");
  EXPECT_EQ(position_of(import_header({.started_us = -1})), -100);
  check<I>({}, import_header,
           {
               {"other content", [](I& i) { i.digest = "d2"; }, Same::Run},
               {"facets in another order", [](I& i) { i.configuration = "python=3.12,os=linux"; }, Same::Run},
               {"a microsecond later", [](I& i) { ++i.started_us; }, Same::Timeline},
               {"the second attempt", [](I& i) { i.attempt = 2; }, Same::Timeline},
               {"an id", [](I& i) { i.id = "run-1"; }, Same::Timeline},
               {"a commit", [](I& i) { i.commits = {160166800000}; }, Same::Timeline},
               {"another facet", [](I& i) { i.configuration += ",arch=arm64"; }, Same::Nothing},
               {"another branch", [](I& i) { i.branch = ""; }, Same::Nothing},
               {"another suite", [](I& i) { i.suite = "gtest"; }, Same::Nothing},
           });
}

TEST(NaturalKeys, ManifestWithCommits) {
  using I = Import;
  const I base{.id = "click-py312-506e4e7f4e-1", .commits = {160166700000, 160166800000}};
  EXPECT_EQ(position_of(import_header(base)), 160166800000) << "the largest of its commits";
  check<I>(base, import_header,
           {
               {"the order of the commits", [](I& i) { std::swap(i.commits[0], i.commits[1]); }, Same::Run},
               {"the attempt, when there is an id", [](I& i) { i.attempt = 2; }, Same::Run},
               {"another id of the same start", [](I& i) { i.id.back() = '2'; }, Same::Timeline},
               {"another start of the same id", [](I& i) { i.started_us += 1; }, Same::Timeline},
               {"a newer commit", [](I& i) { i.commits.push_back(160166900000); }, Same::Timeline},
           });
}

}  // namespace
}  // namespace resultsdb
