#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "ra/experiment/config_fields.h"
#include "ra/experiment/config_yaml.h"

namespace ra {
namespace {

// Whether a text can stand without quotes and is nothing but text to every YAML reader.
bool is_plain_text(const std::string& text) {
  static constexpr std::array<std::string_view, 9> kOtherMeaning{"null", "true", "false", "yes", "no",
                                                                 "on",   "off",  "y",     "n"};
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '/' || text[0] == '_')) {
    return false;
  }
  std::string lower;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && std::string_view("_-./").find(c) == std::string_view::npos) {
      return false;
    }
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return std::find(kOtherMeaning.begin(), kOtherMeaning.end(), lower) == kOtherMeaning.end();
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string scalar(const std::string& text) { return is_plain_text(text) ? text : quoted(text); }

// Shortest form that reads back as the same number, with a point: PyYAML takes 5e-05 for a text.
std::string scalar(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

class Writer : public FieldVisitor {
 public:
  // The entries of a list after the first go without comments: they stand above the first.
  explicit Writer(int indent = 0, bool comments = true) : indent_(indent), comments_(comments) {}

  void value(const Field& field, bool& value) override { line(field, value ? "true" : "false"); }
  void value(const Field& field, int& value) override { line(field, std::to_string(value)); }
  void value(const Field& field, std::uint64_t& value) override { line(field, std::to_string(value)); }
  void value(const Field& field, double& value) override { line(field, scalar(value)); }
  void value(const Field& field, std::string& value) override { line(field, scalar(value)); }
  void value(const Field& field, std::vector<int>& value) override {
    line(field, fmt::format("[{}]", fmt::join(value, ", ")));
  }
  void value(const Field& field, std::vector<std::string>& value) override {
    if (value.empty()) return line(field, "[]");
    line(field, "");
    for (const std::string& item : value) text_ += fmt::format("{:{}}- {}\n", "", indent_ + 2, scalar(item));
  }
  void choice(const Field& field, const std::vector<std::string>&, std::string& value) override {
    line(field, scalar(value));
  }
  void section(const Field& field, const std::function<void(FieldVisitor&)>& visit) override {
    if (indent_ == 0) text_ += "\n";
    line(field, "");
    Writer inner(indent_ + 2, comments_);
    visit(inner);
    text_ += inner.text_;
  }
  void list(const Field& field, const SectionList& sections) override {
    if (indent_ == 0) text_ += "\n";
    if (sections.size == 0) return line(field, "[]");
    line(field, "");
    for (std::size_t i = 0; i < sections.size; ++i) {
      Writer inner(indent_ + 4, comments_ && i == 0);
      sections.visit(inner, i);
      // The dash takes the place of the indentation before the first key.
      inner.text_[inner.first_key_at_ - 2] = '-';
      text_ += inner.text_;
    }
  }

  const std::string& text() const { return text_; }

 private:
  void line(const Field& field, const std::string& value) {
    if (comments_) text_ += fmt::format("{:{}}# {}\n", "", indent_, field.comment);
    if (first_key_at_ == 0) first_key_at_ = text_.size() + static_cast<std::size_t>(indent_);
    text_ += fmt::format("{:{}}{}:{}{}\n", "", indent_, field.key, value.empty() ? "" : " ", value);
  }

  int indent_;
  bool comments_;
  std::size_t first_key_at_ = 0;  // in text_
  std::string text_;
};

}  // namespace

std::string to_yaml(const ExperimentConfig& config) {
  ExperimentConfig copy = config;  // visitors may write
  Writer writer;
  visit_fields(writer, copy);
  return writer.text();
}

}  // namespace ra
