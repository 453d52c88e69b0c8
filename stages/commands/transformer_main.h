// The main of the two transformers: one runner on two layers of pipeline.yaml.
#pragma once

#include <string>

namespace pipeline {

/// Runs the program `name`, whose layer is `layer` of transform.layers unless --layer names
/// another. Returns the exit code.
int transformer_main(const std::string& name, const std::string& layer, int argc, char** argv);

}  // namespace pipeline
