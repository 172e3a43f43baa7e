#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ra/report/figures.h"

namespace ra {

// The middle of a report page as it grows: sections with tables and places for figures, which the page's script
// draws. All text that is handed in is plain and is escaped here.
class PageBody {
 public:
  void begin_section(const std::string& id, const std::string& title, const std::string& introduction = "");
  void end_section();
  void begin_details(const std::string& summary);
  void end_details();
  void add_heading(const std::string& text);
  void add_paragraph(const std::string& text);
  void add_list(const std::vector<std::string>& items);
  void add_preformatted(const std::string& text);
  // Cells that start like a number are aligned as numbers. Wide tables scroll by themselves on a phone.
  void add_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);
  // Figures beside each other as far as there is room; `wide` ones have a line for themselves.
  void add_figures(const std::vector<Figure>& figures, bool wide = false);
  // A picture file with its name below; the reason in its place where it cannot be read.
  void add_picture(const std::filesystem::path& path, const std::string& what);
  // HTML that this program wrote, without anything from data.
  void add_markup(const std::string& markup) { html_ += markup; }

  const std::string& html() const { return html_; }
  const std::vector<Figure>& figures() const { return figures_; }
  // Id and title of every section.
  const std::vector<std::pair<std::string, std::string>>& contents() const { return contents_; }

 private:
  std::string html_;
  std::vector<Figure> figures_;
  std::vector<std::pair<std::string, std::string>> contents_;
};

}  // namespace ra
