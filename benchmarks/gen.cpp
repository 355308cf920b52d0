// resultsdb-gen: what the generated corpus is like, and a hash that shows that it is the same everywhere.
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "corpus.hpp"

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  using namespace resultsdb::bench;
  Scale scale;
  std::uint64_t seed = 1;
  po::options_description options("resultsdb-gen: statistics of the generated corpus");
  options.add_options()("tests", po::value(&scale.tests)->default_value(10'000))(
      "configurations", po::value(&scale.configurations)->default_value(8))(
      "commits", po::value(&scale.commits)->default_value(200))("seed", po::value(&seed)->default_value(1))(
      "help", "this text");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
    if (values.count("help") > 0) {
      std::cout << options;
      return 0;
    }
  } catch (const po::error& error) {
    std::cerr << "resultsdb-gen: " << error.what() << '\n';
    return 2;
  }
  const Corpus corpus(seed, scale);
  std::uint64_t results = 0, other = 0, hash = 0xCBF29CE484222325;
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& arrival : corpus.arrivals()) {
    const auto run = corpus.generate(arrival);
    for (std::size_t i = 0; i < run.outcomes.size(); ++i) {
      if (run.outcomes[i] == kAbsent) continue;
      ++results;
      other += run.outcomes[i] != kPass ? 1 : 0;
      hash = (hash ^ run.outcomes[i] ^ static_cast<std::uint64_t>(run.duration_ms[i]) << 8) * 0x100000001B3;
    }
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  std::printf("%llu results, %.2f %% no plain pass, %.1f ns a result, hash %016llx\n",
              static_cast<unsigned long long>(results),
              100.0 * static_cast<double>(other) / static_cast<double>(results),
              took.count() / static_cast<double>(results), static_cast<unsigned long long>(hash));
}
