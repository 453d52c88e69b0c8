// Keeps known secrets out of JSON that is written somewhere.
#pragma once

#include "common/base/json.h"

namespace pipeline {

/// The document with known secrets blotted out in every text, names of members too. In its dump()
/// it is too late: a secret with a quote, a backslash or a line break stands there escaped.
Json redacted(const Json& document);

}  // namespace pipeline
