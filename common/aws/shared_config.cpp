#include "common/aws/shared_config.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline::aws {
namespace {

/// "profile dev" and "profile 'de v'" of the config file; nullopt for sections of other kinds.
std::optional<std::string> profile_of_section(const std::string& section) {
  if (section == "default") return section;
  const auto words = command_words(section);
  if (!words || words->size() != 2 || words->front() != "profile") return {};
  return words->back();
}

std::optional<std::string> value_in(const std::map<std::string, Settings>& profiles,
                                    const std::string& profile, const std::string& key) {
  const auto settings = profiles.find(profile);
  if (settings == profiles.end()) return {};
  const auto found = settings->second.find(key);
  if (found == settings->second.end() || found->second.empty()) return {};
  return found->second;
}

}  // namespace

std::map<std::string, Settings> parse_ini(std::string_view text, const std::string& file) {
  std::map<std::string, Settings> sections;
  Settings* section = nullptr;
  std::string* value = nullptr;
  int number = 0;
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorKind::config_invalid, fmt::format("{}:{}: {}", file, number, what));
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    const std::string_view content = trim(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (indented && value != nullptr) {
      *value += "\n" + std::string(content);
      continue;
    }
    if (content.front() == '[') {
      const auto close = content.find(']');
      if (close == std::string_view::npos) refuse("a section without its closing ]");
      const std::string name(trim(content.substr(1, close - 1)));
      const auto [at, added] = sections.try_emplace(name);
      if (!added) refuse(fmt::format("the section [{}] stands twice", name));
      section = &at->second;
      value = nullptr;
      continue;
    }
    const auto delimiter = content.find_first_of("=:");
    if (delimiter == std::string_view::npos || delimiter == 0) {
      refuse("neither [section] nor key = value");
    }
    if (section == nullptr) refuse("a setting before the first [section]");
    const std::string key = to_lower(trim(content.substr(0, delimiter)));
    const auto [at, added] =
        section->try_emplace(key, std::string(trim(content.substr(delimiter + 1))));
    if (!added) refuse(fmt::format("{} stands twice in one section", head(key, 60)));
    value = &at->second;
  }
  return sections;
}

SharedConfig::SharedConfig(const Files& files)
    : config_path_(files.config_path), credentials_path_(files.credentials_path) {
  const auto state = [](const std::optional<std::string>& content) {
    return content ? "" : " (not there)";
  };
  text_ = fmt::format("{}{} and {}{}", config_path_, state(files.config), credentials_path_,
                      state(files.credentials));
  if (files.config) {
    for (auto& [section, settings] : parse_ini(*files.config, config_path_)) {
      // [profile default] and [default] are one.
      if (const auto profile = profile_of_section(section)) config_[*profile].merge(settings);
    }
  }
  if (files.credentials) credentials_ = parse_ini(*files.credentials, credentials_path_);
}

bool SharedConfig::has(const std::string& profile) const {
  return config_.contains(profile) || credentials_.contains(profile);
}

std::optional<std::string> SharedConfig::find(const std::string& profile,
                                              const std::string& key) const {
  if (auto value = in_credentials(profile, key)) return value;
  return in_config(profile, key);
}

std::optional<std::string> SharedConfig::in_config(const std::string& profile,
                                                   const std::string& key) const {
  return value_in(config_, profile, key);
}

std::optional<std::string> SharedConfig::in_credentials(const std::string& profile,
                                                        const std::string& key) const {
  return value_in(credentials_, profile, key);
}

std::string SharedConfig::text() const {
  return text_;
}

std::optional<std::vector<std::string>> command_words(std::string_view text) {
  std::vector<std::string> words;
  enum class Quote { none, single, twofold } quote = Quote::none;
  enum class Word { outside, inside } word = Word::outside;
  const auto add = [&](char byte) {
    if (word == Word::outside) words.emplace_back();
    word = Word::inside;
    words.back() += byte;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char byte = text[at];
    const bool last = at + 1 == text.size();
    if (quote == Quote::single) {
      if (byte == '\'') {
        quote = Quote::none;
      } else {
        add(byte);
      }
    } else if (byte == '\\') {
      if (last) return {};
      const char next = text[++at];
      // Between double quotes only these two lose their meaning.
      if (quote == Quote::twofold && next != '"' && next != '\\') add(byte);
      add(next);
    } else if (byte == '"') {
      quote = quote == Quote::twofold ? Quote::none : Quote::twofold;
      if (word == Word::outside) words.emplace_back();
      word = Word::inside;
    } else if (quote == Quote::twofold) {
      add(byte);
    } else if (byte == '\'') {
      quote = Quote::single;
      if (word == Word::outside) words.emplace_back();
      word = Word::inside;
    } else if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') {
      word = Word::outside;
    } else {
      add(byte);
    }
  }
  if (quote != Quote::none) return {};
  return words;
}

}  // namespace pipeline::aws
