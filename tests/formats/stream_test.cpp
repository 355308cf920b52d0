// Large files in little memory, and damaged files of every kind.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <streambuf>

#include "formats/samples.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::formats {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// A file that exists only while it is read: a beginning, `count` times a part, an end.
class Generated : public std::streambuf {
 public:
  using Part = std::function<std::string(std::size_t)>;
  Generated(std::string begin, std::size_t count, Part part, std::string end)
      : piece_(std::move(begin)), count_(count), part_(std::move(part)), end_(std::move(end)) {
    setg(piece_.data(), piece_.data(), piece_.data() + piece_.size());
  }
  std::uint64_t bytes() const { return bytes_; }

 protected:
  int_type underflow() override {
    if (next_ > count_) return traits_type::eof();
    piece_ = next_ == count_ ? end_ : part_(next_);
    ++next_;
    bytes_ += piece_.size();
    setg(piece_.data(), piece_.data(), piece_.data() + piece_.size());
    return piece_.empty() ? underflow() : traits_type::to_int_type(piece_[0]);
  }

 private:
  std::string piece_;
  std::size_t count_, next_ = 0;
  Part part_;
  std::string end_;
  std::uint64_t bytes_ = 0;
};

std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::size_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes << 10;
  }
  return 0;
}

/// What the reader hands on, as it stands in memory.
std::size_t handed_on(const ImportedRun& run) {
  std::size_t bytes = run.tests.capacity() * sizeof(ImportedTest) + run.output.capacity();
  for (const ImportedTest& test : run.tests) {
    for (const std::string* text :
         {&test.name, &test.message, &test.detail, &test.output, &test.error_output}) {
      bytes += text->capacity();
    }
  }
  return bytes;
}

constexpr std::size_t kReaderBytes = 64u << 20;
constexpr std::uint64_t kLargeFile = 50u << 20;

/// Runs in a child, whose peak is its own: 0 if the reader stays below its share, else the number of a check.
int measure(Generated& file, std::size_t tests) {
  std::istream in(&file);
  const std::size_t before = peak_memory();
  const ReadOutcome outcome = read_results(in);
  if (!outcome.run || outcome.run->tests.size() != tests) return 1;
  if (file.bytes() < kLargeFile) return 2;
  const std::size_t used = peak_memory() - before, wanted = handed_on(*outcome.run);
  std::fprintf(stderr, "%llu MiB read, peak %zu MiB, handed on %zu MiB\n",
               static_cast<unsigned long long>(file.bytes() >> 20), used >> 20, wanted >> 20);
  // A growing vector holds its old and its new place for a moment.
  return used < kReaderBytes + wanted + wanted / 2 ? 0 : 3;
}

int in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Stream, ManyTestsNeedLittleMemory) {
  if (kSanitized) GTEST_SKIP() << "sanitizers use memory of their own";
  constexpr std::size_t kTests = 40'000;
  const auto part = [](std::size_t i) {
    std::string text =
        "<testcase classname=\"suite.Class\" name=\"test" + std::to_string(i) + "\" time=\"0.001\">";
    if (i % 50 == 0) text += "<failure message=\"broken\">a &lt; b</failure>";
    text += "<other>" + std::string(1400, 'x') + "</other></testcase>\n";
    return text;
  };
  EXPECT_EQ(in_child([&] {
              Generated file("<testsuites><testsuite name=\"s\">", kTests, part, "</testsuite></testsuites>");
              return measure(file, kTests);
            }),
            0);
}

TEST(Stream, OneEndlessOutputNeedsLittleMemory) {
  if (kSanitized) GTEST_SKIP() << "sanitizers use memory of their own";
  const auto part = [](std::size_t) { return std::string(1 << 16, 'o') + "\n"; };
  EXPECT_EQ(in_child([&] {
              Generated file("<testsuites><testcase name=\"t\"><system-out>", 1000, part,
                             "</system-out></testcase></testsuites>");
              return measure(file, 1);
            }),
            0);
}

TEST(Stream, GoEventsNeedLittleMemory) {
  if (kSanitized) GTEST_SKIP() << "sanitizers use memory of their own";
  constexpr std::size_t kTests = 2'000;
  const auto part = [](std::size_t i) {
    const std::string test = R"(","Package":"p","Test":"Test)" + std::to_string(i) + "\"";
    std::string text = R"({"Action":"run)" + test + "}\n";
    for (int line = 0; line < 200; ++line)
      text += R"({"Action":"output)" + test + R"(,"Output":")" + std::string(80, 'x') + "\\n\"}\n";
    return text + R"({"Action":"pass)" + test + ",\"Elapsed\":0.1}\n";
  };
  EXPECT_EQ(in_child([&] {
              Generated file("{\"Action\":\"start\",\"Package\":\"p\"}\n", kTests, part,
                             "{\"Action\":\"pass\",\"Package\":\"p\"}\n");
              return measure(file, kTests);
            }),
            0);
}

std::uint32_t seed() {
  const char* given = std::getenv("RESULTSDB_SEED");
  return given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10))
                          : std::random_device{}();
}

std::string mutate(std::string bytes, std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  const std::size_t changes = 1 + below(8);
  for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
    const std::size_t at = below(bytes.size()), size = below(64);
    switch (below(5)) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, size);
        break;
      case 2:
        bytes.insert(at, bytes.substr(below(bytes.size()), size));
        break;
      case 3:
        bytes.insert(at, size, "<>&\"'{}[]\\\0\xFF"[below(12)]);
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

void expect_sound(const ReadOutcome& outcome) {
  ASSERT_NE(outcome.run.has_value(), outcome.refused.has_value());
  EXPECT_TRUE(boost::json::parse(to_json(outcome)).is_object());
  if (!outcome.run) return;
  ResultTable results;
  to_results(*outcome.run, results);
  for (const ImportedTest& test : outcome.run->tests) {
    EXPECT_FALSE(test.name.empty());
    EXPECT_LE(test.name.size(), 4096u);
    for (const std::string* text :
         {&test.name, &test.message, &test.detail, &test.output, &test.error_output}) {
      EXPECT_TRUE(json::is_utf8(*text));
      EXPECT_EQ(text->find('\0'), std::string::npos);
    }
  }
}

TEST(Fuzz, DamagedSamplesAreReadOrRefused) {
  constexpr std::size_t kLargest = 30'000, kRounds = 25;
  const std::uint32_t start = seed();
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(start));
  std::mt19937 random(start);
  for (const std::string& name : sample_names()) {
    const std::string bytes = read_sample(name);
    if (bytes.size() > kLargest) continue;
    for (std::size_t round = 0; round < kRounds; ++round) {
      SCOPED_TRACE(name);
      expect_sound(read_text(mutate(bytes, random)));
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace resultsdb::formats
