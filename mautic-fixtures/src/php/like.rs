//! SQL `LIKE` and equality under `MariaDB`'s default `utf8mb4_unicode_ci` collation: case and accents do not count.

/// Whether `subject` matches the LIKE pattern: `%` any run, `_` one character, `\` escapes the next character.
#[must_use]
pub fn like(pattern: &str, subject: &str) -> bool {
    let subject: Vec<char> = fold(subject).chars().collect();
    let pattern = tokens(pattern);
    let (mut p, mut s) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while s < subject.len() {
        match pattern.get(p) {
            Some(Token::Run) => {
                p += 1;
                retry = Some((p, s));
                continue;
            }
            Some(Token::Any) => {
                p += 1;
                s += 1;
                continue;
            }
            Some(Token::Char(expected)) if *expected == subject[s] => {
                p += 1;
                s += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_run, from)) = retry else {
            return false;
        };
        p = after_run;
        s = from + 1;
        retry = Some((after_run, s));
    }
    pattern[p..].iter().all(|token| *token == Token::Run)
}

/// Whether two texts are equal under the collation (trailing blanks do not count either).
#[must_use]
pub fn same_text(left: &str, right: &str) -> bool {
    // Addresses are compared with those of all contacts: plain ASCII must not cost an allocation.
    if left.is_ascii() && right.is_ascii() {
        return left
            .trim_end_matches(' ')
            .eq_ignore_ascii_case(right.trim_end_matches(' '));
    }
    fold(left.trim_end_matches(' ')) == fold(right.trim_end_matches(' '))
}

#[derive(PartialEq)]
enum Token {
    Run,
    Any,
    Char(char),
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let folded = fold(pattern);
    let mut chars = folded.chars();
    while let Some(next) = chars.next() {
        out.push(match next {
            '%' => Token::Run,
            '_' => Token::Any,
            '\\' => Token::Char(chars.next().unwrap_or('\\')),
            other => Token::Char(other),
        });
    }
    out
}

/// Lower case without the accents of the Latin letters in use.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for lower in text.chars().flat_map(char::to_lowercase) {
        match base_letter(lower) {
            Some(base) => out.push_str(base),
            None => out.push(lower),
        }
    }
    out
}

/// The unaccented form the collation gives a letter.
fn base_letter(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'č' => "c",
        'ď' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' | 'ī' => "i",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ő' => "o",
        'ř' => "r",
        'ß' => "ss",
        'ś' | 'š' | 'ş' => "s",
        'ť' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{like, same_text};

    #[test]
    fn wildcards_and_collation() {
        assert!(like("http://%.test/d_cs/%", "http://Shop.test/docs/a"));
        assert!(like("%oven%", "Große ÖVEN"));
        assert!(!like("a_", "a"));
        assert!(like(r"100\%", "100%"));
        assert!(!like(r"100\%", "1000"));
        assert!(same_text("Straße", "STRASSE"));
    }
}
