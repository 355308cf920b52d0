// What every test that wrote to a store may ask at its end.
#pragma once

#include <gtest/gtest.h>

#include "resultsdb/model.hpp"

namespace resultsdb::property {

/// Nothing stored is damaged, and what is derived agrees with what it is derived from.
inline void expect_sound(Model& model) {
  const auto report = model.check(false);
  ASSERT_TRUE(report) << report.error();
  for (const Problem& problem : report->problems)
    ADD_FAILURE() << problem.table << ", " << problem.key << ": " << problem.what;
}

}  // namespace resultsdb::property
