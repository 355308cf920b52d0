// What a call gave that must not fail.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

#include "resultsdb/result.hpp"

namespace resultsdb {

template <class T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error();
    std::abort();
  }
  return std::move(result).value();
}

}  // namespace resultsdb
