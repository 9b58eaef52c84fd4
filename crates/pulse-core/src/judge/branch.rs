//! A tree of answers: first the few most different views, then finer ones within each.

use crate::detail::Distances;

/// Candidates that are more like each other than like the rest, with one that stands for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The one that is nearest to all the others.
    pub representative: usize,
    /// All of them, in the order in which they were given.
    pub members: Vec<usize>,
    /// The finer ones within; none where there is nothing to divide.
    pub branches: Vec<Self>,
}

/// Into how many a branch is divided, at most.
const MOST_BRANCHES: usize = 4;
/// A branch of so few is looked at whole.
const FEW: usize = 4;
/// How often members are given to the nearest representative, and representatives chosen again.
const ROUNDS: usize = 16;

impl Branch {
    /// The tree over all pictures whose distances are known; nothing where there are none.
    ///
    /// Each branch of more than four is divided into up to four. Their first representatives are those that are
    /// [farthest apart](Distances::farthest_first); then every member goes to the nearest one, and every group chooses its middle
    /// (k medoids; Kaufman and Rousseeuw, "Finding Groups in Data", 1990), until nothing changes. The largest comes first.
    pub fn of(distances: &Distances) -> Option<Self> {
        let members: Vec<usize> = (0..distances.count()).collect();
        (!members.is_empty()).then(|| Self::grown(distances, members))
    }

    fn grown(distances: &Distances, members: Vec<usize>) -> Self {
        let representative = middle(distances, &members);
        let branches = if members.len() > FEW { divided(distances, &members) } else { Vec::new() };
        // Pictures that are all the same are no views.
        let branches = if branches.len() > 1 { branches } else { Vec::new() };
        let branches = branches.into_iter().map(|members| Self::grown(distances, members)).collect();
        Self { representative, members, branches }
    }
}

/// The member with the least sum of distances to the others.
fn middle(distances: &Distances, members: &[usize]) -> usize {
    let sum = |of: usize| members.iter().map(|&other| distances.get(of, other)).sum::<f64>();
    let mut best = (members[0], f64::INFINITY);
    for &member in members {
        let sum = sum(member);
        if sum < best.1 {
            best = (member, sum);
        }
    }
    best.0
}

/// The members in groups, the largest first.
fn divided(distances: &Distances, members: &[usize]) -> Vec<Vec<usize>> {
    let mut chosen = first_of_each(distances, members);
    let mut groups = Vec::new();
    for _ in 0..ROUNDS {
        groups = vec![Vec::new(); chosen.len()];
        for &member in members {
            let near =
                |a: &usize, b: &usize| distances.get(member, chosen[*a]).total_cmp(&distances.get(member, chosen[*b]));
            let nearest = (0..chosen.len()).min_by(near).unwrap_or_default();
            groups[nearest].push(member);
        }
        groups.retain(|group| !group.is_empty());
        let again: Vec<usize> = groups.iter().map(|group| middle(distances, group)).collect();
        if again == chosen {
            break;
        }
        chosen = again;
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups
}

/// Members that are far apart: the two that are farthest, then always the one that is farthest from all before it.
fn first_of_each(distances: &Distances, members: &[usize]) -> Vec<usize> {
    let nearest_to = |of: usize, chosen: &[usize]| {
        chosen.iter().map(|&chosen| distances.get(of, chosen)).fold(f64::INFINITY, f64::min)
    };
    let farthest = |chosen: &[usize]| {
        members
            .iter()
            .map(|&member| (member, nearest_to(member, chosen)))
            .fold((members[0], 0.0), |best, next| if next.1 > best.1 { next } else { best })
    };
    let mut chosen = vec![farthest(&[middle(distances, members)]).0];
    while chosen.len() < MOST_BRANCHES {
        let (next, distance) = farthest(&chosen);
        if distance <= 0.0 {
            break;
        }
        chosen.push(next);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_line(at: &[f32]) -> Distances {
        Distances::between(&at.iter().map(|&x| [x]).collect::<Vec<_>>())
    }

    #[test]
    fn what_lies_together_is_one_branch() {
        let tree = Branch::of(&on_a_line(&[0.0, 5.0, 0.1, 5.1, 0.2, 9.0, 5.2, 0.3, 0.4])).unwrap();
        assert_eq!(tree.members, (0..9).collect::<Vec<_>>());
        let of_large = tree.branches.iter().find(|branch| branch.members.contains(&1)).unwrap();
        assert_eq!((of_large.representative, of_large.members.as_slice()), (3, [1, 3, 6].as_slice()));
        assert!(tree.branches.iter().any(|branch| branch.members == [5]));
        let sizes: Vec<_> = tree.branches.iter().map(|branch| branch.members.len()).collect();
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    }

    #[test]
    fn every_member_is_in_one_branch_on_each_level() {
        let at: Vec<f32> = (0..60).map(|i| (i * 37 % 60) as f32 + 0.01 * i as f32).collect();
        fn check(branch: &Branch) {
            assert!(branch.members.contains(&branch.representative));
            if branch.branches.is_empty() {
                assert!(branch.members.len() <= FEW);
                return;
            }
            assert!((2..=MOST_BRANCHES).contains(&branch.branches.len()));
            let mut all: Vec<_> = branch.branches.iter().flat_map(|branch| branch.members.clone()).collect();
            all.sort_unstable();
            assert_eq!(all, branch.members);
            branch.branches.iter().for_each(check);
        }
        check(&Branch::of(&on_a_line(&at)).unwrap());
    }

    #[test]
    fn equal_pictures_are_not_divided() {
        let tree = Branch::of(&on_a_line(&[1.0; 12])).unwrap();
        assert!(tree.branches.is_empty() && tree.members.len() == 12);
        assert_eq!(Branch::of(&on_a_line(&[])), None);
    }
}
