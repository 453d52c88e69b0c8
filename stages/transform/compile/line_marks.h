// Carries the line numbers of a template through its rendering, exactly and invisibly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipeline::dbt {

/// The template with a mark before the first text or {{ of each line, wherever that cannot change
/// what is rendered: not inside blocks that capture text (macro, call, filter, set), not next to
/// blanks that a "-" would strip. A template that holds a mark's bytes already comes back as it is.
std::string with_line_marks(std::string_view source);

struct MarkedText {
  std::string text;        // without marks
  std::vector<int> lines;  // for each line of `text`, the template's line
};

/// Takes the marks out again. A line without a mark has the line of the last mark before it.
MarkedText take_line_marks(std::string_view rendered);

}  // namespace pipeline::dbt
