#include "ra/model/safetensors_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "ra/model/tensor_type.h"
#include "ra/model/untrusted_bytes.h"

namespace ra {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxRank = 64;

at::ScalarType type_of_code(const std::string& code, const std::string& name) {
  for (const TensorType& type : tensor_types()) {
    if (type.safetensors == code) return type.type;
  }
  refuse(fmt::format("tensor '{}' has the unknown type '{}'", printable(name), printable(code)));
}

void check_extent(const SafetensorsEntry& entry) {
  // Sizes of 0 are left out of the overflow check, so that strides cannot overflow either.
  std::uint64_t bytes = c10::elementSize(entry.type);
  bool is_empty = false;
  for (const std::int64_t size : entry.shape) {
    is_empty |= size == 0;
    if (size != 0 && (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes) || bytes >> 63 != 0)) {
      refuse(fmt::format("tensor '{}' of shape [{}] does not fit 64 bits", printable(entry.name),
                         fmt::join(entry.shape, ",")));
    }
  }
  if (is_empty) bytes = 0;
  if (entry.end < entry.begin || entry.end - entry.begin != bytes) {
    refuse(fmt::format("tensor '{}' of shape [{}] needs {} bytes, its offsets are {} to {}", printable(entry.name),
                       fmt::join(entry.shape, ","), bytes, entry.begin, entry.end));
  }
}

// Takes the header event by event, so that no tree of a hostile one is ever built.
class HeaderSax : public nlohmann::json_sax<json> {
 public:
  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { refuse_here("null"); }
  bool boolean(bool) override { refuse_here("a truth value"); }
  bool number_integer(number_integer_t) override { refuse_here("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { refuse_here("a fraction"); }
  bool binary(binary_t&) override { refuse_here("binary data"); }

  bool number_unsigned(number_unsigned_t number) override {
    if (place_ == Place::kShape && entry_.shape.size() < kMaxRank && number >> 63 == 0) {
      entry_.shape.push_back(static_cast<std::int64_t>(number));
    } else if (place_ == Place::kOffsets && offsets_ < 2) {
      (offsets_++ == 0 ? entry_.begin : entry_.end) = number;
    } else {
      refuse_here("a number");
    }
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::kMetadata) {
      header_.metadata[key_] = text;
    } else if (place_ == Place::kEntry && key_ == "dtype") {
      entry_.type = type_of_code(text, entry_.name);
    } else {
      refuse_here("a text");
    }
    return true;
  }

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::kStart:
        place_ = Place::kTop;
        return true;
      case Place::kMember:
        place_ = key_ == "__metadata__" ? Place::kMetadata : Place::kEntry;
        entry_ = {};
        entry_.name = key_;
        fields_.clear();
        offsets_ = 0;
        return true;
      default:
        refuse_here("an object");
    }
  }

  bool key(string_t& name) override {
    auto& known = place_ == Place::kTop ? names_ : fields_;
    if (!known.insert(name).second) refuse(fmt::format("the header names '{}' twice", printable(name)));
    if (place_ == Place::kEntry && name != "dtype" && name != "shape" && name != "data_offsets") {
      refuse(fmt::format("tensor '{}' has the unknown field '{}'", printable(entry_.name), printable(name)));
    }
    if (place_ == Place::kTop) place_ = Place::kMember;
    key_ = name;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kEntry) {
      if (fields_.size() != 3 || offsets_ != 2) {
        refuse(fmt::format("tensor '{}' lacks dtype, shape or data_offsets", printable(entry_.name)));
      }
      check_extent(entry_);
      header_.entries.push_back(std::move(entry_));
    }
    place_ = place_ == Place::kTop ? Place::kEnd : Place::kTop;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::kEntry || key_ == "dtype") refuse_here("an array");
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() override {
    place_ = Place::kEntry;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    refuse(fmt::format("the header is no valid JSON at its byte {}", position));
  }

 private:
  enum class Place { kStart, kTop, kMember, kEntry, kMetadata, kShape, kOffsets, kEnd };

  [[noreturn]] void refuse_here(const char* what) const {
    refuse(fmt::format("the header has {} where none belongs (near '{}')", what, printable(key_)));
  }

  SafetensorsHeader header_;
  Place place_ = Place::kStart;
  std::string key_;
  SafetensorsEntry entry_;
  int offsets_ = 0;
  std::unordered_set<std::string> names_, fields_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text) {
  HeaderSax sax;
  json::sax_parse(text.begin(), text.end(), &sax);
  return sax.take();
}

}  // namespace ra
