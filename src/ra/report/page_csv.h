#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ra {

// A table as its file has it: text fields under named columns. Every row has as many fields as there are columns.
struct CsvTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;

  bool empty() const { return rows.empty(); }
  bool has(std::string_view column) const { return index_of(column).has_value(); }
  std::optional<std::size_t> index_of(std::string_view column) const;
  // The field, empty where the column is absent.
  const std::string& text(std::size_t row, std::string_view column) const;
  // The field as a finite number; nullopt where it is empty, no number, or not finite.
  std::optional<double> number(std::size_t row, std::string_view column) const;
};

// The records of RFC 4180 text, the header first, each as its fields. A quote opens a field that may hold commas, line
// ends and doubled quotes.
std::vector<std::vector<std::string>> csv_records(std::string_view text);

// Reads RFC 4180 text. A row with another number of fields than the header, such as the last one of a file that is
// still being written, is left out and named in `problems`, as are values that are not finite ("nan", "inf").
CsvTable parse_csv(std::string_view text, const std::string& name, std::vector<std::string>& problems);

// A number as text without loss for reading: "%.9g".
std::string csv_number(const std::optional<double>& value);

}  // namespace ra
