// The text of scripts/*.lua.
#pragma once

#include "embedded/resultsdb_redis.hpp"
