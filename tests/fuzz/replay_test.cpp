// Runs the corpus of a fuzz target as a plain test, and each input cut short at some places.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/fuzz_server.hpp"

namespace {

void run(std::string_view input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

TEST(Fuzz, CorpusIsFine) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RESULTSDB_FUZZ_CORPUS)) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    run(input);
    for (std::size_t size = 0; size < input.size(); size += input.size() / 8 + 1)
      run(std::string_view(input).substr(0, size));
    ++inputs;
  }
  EXPECT_GE(inputs, 10) << "the corpus is missing";
  std::cout << inputs << " inputs\n";
}

}  // namespace
