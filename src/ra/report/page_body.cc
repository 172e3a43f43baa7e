#include "ra/report/page_body.h"

#include <fmt/format.h>

#include "ra/base/error.h"
#include "ra/report/page_html.h"
#include "ra/report/page_pictures.h"

namespace ra {
namespace {

bool looks_like_number(const std::string& cell) {
  if (cell.starts_with("\xE2\x80\x93")) return true;  // the dash of an unknown value
  const std::size_t first = cell.find_first_not_of("+-");
  return first != std::string::npos && cell[first] >= '0' && cell[first] <= '9';
}

}  // namespace

void PageBody::begin_section(const std::string& id, const std::string& title, const std::string& introduction) {
  contents_.emplace_back(id, title);
  html_ += fmt::format("<section id=\"{}\"><h2>{}</h2>\n", escaped(id), escaped(title));
  if (!introduction.empty()) add_paragraph(introduction);
}

void PageBody::end_section() { html_ += "</section>\n"; }

void PageBody::begin_details(const std::string& summary) {
  html_ += fmt::format("<details><summary>{}</summary>\n", escaped(summary));
}

void PageBody::end_details() { html_ += "</details>\n"; }

void PageBody::add_heading(const std::string& text) { html_ += fmt::format("<h3>{}</h3>\n", escaped(text)); }

void PageBody::add_paragraph(const std::string& text) { html_ += fmt::format("<p>{}</p>\n", escaped(text)); }

void PageBody::add_list(const std::vector<std::string>& items) {
  html_ += "<ul>";
  for (const std::string& item : items) html_ += fmt::format("<li>{}</li>", escaped(item));
  html_ += "</ul>\n";
}

void PageBody::add_preformatted(const std::string& text) { html_ += fmt::format("<pre>{}</pre>\n", escaped(text)); }

void PageBody::add_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  html_ += "<div class=\"table\"><table><thead><tr>";
  for (const std::string& cell : header) html_ += fmt::format("<th scope=\"col\">{}</th>", escaped(cell));
  html_ += "</tr></thead><tbody>\n";
  for (const std::vector<std::string>& row : rows) {
    html_ += "<tr>";
    for (const std::string& cell : row) {
      html_ += fmt::format("<td{}>{}</td>", looks_like_number(cell) ? " class=\"number\"" : "", escaped(cell));
    }
    html_ += "</tr>\n";
  }
  html_ += "</tbody></table></div>\n";
}

void PageBody::add_picture(const std::filesystem::path& path, const std::string& what) {
  try {
    html_ += fmt::format(
        "<figure class=\"example\"><img alt=\"{}\" loading=\"lazy\" src=\"data:image/jpeg;base64,{}\">"
        "<figcaption>{}</figcaption></figure>\n",
        escaped(what), base64(picture_as_jpeg(path)), escaped(path.stem().string()));
  } catch (const Error& error) {
    add_paragraph(error.what());
  }
}

void PageBody::add_figures(const std::vector<Figure>& figures, bool wide) {
  if (figures.empty()) return;
  html_ += fmt::format("<div class=\"figures{}\">\n", wide ? " wide" : "");
  for (const Figure& figure : figures) {
    const int height = figure.spec.value("height", 200) + 90;
    html_ += fmt::format(
        "<figure data-figure=\"{}\"><h3>{}</h3><div class=\"plot\" style=\"min-height:{}px\"></div>"
        "<figcaption>{}</figcaption></figure>\n",
        figures_.size(), escaped(figure.title), height, escaped(figure.caption));
    figures_.push_back(figure);
  }
  html_ += "</div>\n";
}

}  // namespace ra
