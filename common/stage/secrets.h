// Fetches a secret from the place that the configuration names.
#pragma once

#include "common/base/secret.h"
#include "common/stage/pipeline_config.h"

namespace pipeline {

/// The secret without a trailing line break. Throws access_denied, naming the place and never the
/// value, if it cannot be read or is empty. A file or credential larger than 64 kB is refused.
Secret resolve_secret(const SecretReference& reference);

}  // namespace pipeline
