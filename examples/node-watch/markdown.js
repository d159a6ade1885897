// As much of Markdown as the example needs: headings, paragraphs, lists, code, links, emphasis.

/** @param {string} markdown */
export function toHtml(markdown) {
  const blocks = markdown.replaceAll('\r\n', '\n').split(/\n{2,}/)
  return blocks
    .map((block) => block.replace(/^\n+|\s+$/g, ''))
    .filter(Boolean)
    .map(toBlock)
    .join('\n')
}

/** @param {string} block */
function toBlock(block) {
  const heading = /^(#{1,6}) (.+)$/.exec(block)
  if (heading) return `<h${heading[1].length}>${toInline(heading[2])}</h${heading[1].length}>`
  const lines = block.split('\n')
  if (lines.every((line) => line.startsWith('    '))) {
    return `<pre><code>${escapeHtml(lines.map((line) => line.slice(4)).join('\n'))}</code></pre>`
  }
  if (lines.every((line) => line.startsWith('- '))) {
    return `<ul>${lines.map((line) => `<li>${toInline(line.slice(2))}</li>`).join('')}</ul>`
  }
  return `<p>${toInline(lines.join(' '))}</p>`
}

/** @param {string} text */
function toInline(text) {
  return text
    .split(/(`[^`]+`)/)
    .map((part) =>
      part.startsWith('`') && part.length > 1
        ? `<code>${escapeHtml(part.slice(1, -1))}</code>`
        : escapeHtml(part)
            .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, '<a href="$2">$1</a>')
            .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
            .replace(/\*([^*]+)\*/g, '<em>$1</em>'),
    )
    .join('')
}

/** @param {string} text */
const escapeHtml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
