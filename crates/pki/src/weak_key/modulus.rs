//! RSA moduli whose primes are found without their size being of any help. Of public numbers only:
//! nothing here has to take the same time for all of them.

use super::KeyWeakness;
use num_bigint::BigUint;

/// Steps of Fermat's method. Primes that were drawn by themselves are not found by so many in the
/// age of the world; what CA/Browser Forum BR 6.1.1.3 asks CAs to try is a hundred.
const FERMAT_STEPS: u32 = 100;

/// The library of ROCA made primes of 2048-bit keys, and of larger ones, from the product of all
/// primes up to this one at least (Nemec and others, The Return of Coppersmith's Attack, 2017).
const ROCA_PRIME_MAX: u32 = 701;

/// The generator of its residues.
const ROCA_GENERATOR: u32 = 65_537;

/// Odd numbers that squares leave no more than half of the rests of, and their product.
const SIEVE: [u32; 6] = [3, 5, 7, 11, 13, 17];
const SIEVE_PRODUCT: u32 = 3 * 5 * 7 * 11 * 13 * 17;

pub(super) fn judge(modulus: &BigUint) -> Result<(), KeyWeakness> {
    let root = modulus.sqrt();
    if &root * &root == *modulus {
        return Err(KeyWeakness::Square);
    }
    if has_close_primes(modulus, root) {
        return Err(KeyWeakness::ClosePrimes);
    }
    match is_roca(modulus) {
        true => Err(KeyWeakness::Roca),
        false => Ok(()),
    }
}

/// Whether a modulus is (a + b)(a - b) with an `a` close above its square root; `root` is the root
/// rounded down, and the modulus no square.
fn has_close_primes(modulus: &BigUint, root: BigUint) -> bool {
    let mut middle = root;
    middle += 1u32;
    let mut rest = &middle * &middle - modulus;
    for _ in 0..FERMAT_STEPS {
        if is_square(&rest) {
            return true;
        }
        // (a + 1)² = a² + 2a + 1.
        rest += &middle << 1u32;
        rest += 1u32;
        middle += 1u32;
    }
    false
}

/// Whether a number is a square. Most are not by their rests, which are cheap; of the others the
/// root is taken.
fn is_square(number: &BigUint) -> bool {
    // A square is 0, 1, 4 or 9 modulo 16.
    if !matches!(small(number, 16), 0 | 1 | 4 | 9) {
        return false;
    }
    let rest = small(number, SIEVE_PRODUCT);
    let fits = |prime: &u32| (0..*prime).any(|root| root * root % prime == rest % prime);
    if !SIEVE.iter().all(fits) {
        return false;
    }
    let root = number.sqrt();
    &root * &root == *number
}

/// Whether the modulus is, modulo each small prime, a power of the generator. Of moduli of random
/// primes one in 2^167 is.
fn is_roca(modulus: &BigUint) -> bool {
    let mut primes = (3..=ROCA_PRIME_MAX).step_by(2).filter(|number| is_prime(*number));
    primes.all(|prime| is_power(small(modulus, prime), prime))
}

fn is_power(residue: u32, prime: u32) -> bool {
    let mut power = 1;
    // Powers come round after prime - 1 of them at the latest.
    for _ in 1..prime {
        if power == residue {
            return true;
        }
        power = power * (ROCA_GENERATOR % prime) % prime;
    }
    false
}

/// For small odd numbers.
fn is_prime(number: u32) -> bool {
    (3..number).step_by(2).take_while(|by| by * by <= number).all(|by| !number.is_multiple_of(by))
}

/// A number modulo a small one.
fn small(number: &BigUint, modulo: u32) -> u32 {
    (number % modulo).iter_u32_digits().next().unwrap_or_default()
}
